import { parseHash, type Place } from '../model/hash.js'
import { Stored } from '../model/stored.js'

/** The current location in the console. */
export const place = new Stored<Place>(parseHash(location.hash))

window.addEventListener('hashchange', () => place.set(parseHash(location.hash)))
