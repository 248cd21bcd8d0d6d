import t from 'tap'
import { openPool, postgresPlace, startServer } from './postgres-place.js'
import { storeContract } from './store-contract.js'

// On a machine with other things to do.
t.setTimeout(120_000)

const server = await startServer(t)
const control = openPool(t, server)

storeContract(t, 'postgres', { shared: true, persistent: true }, (t) => postgresPlace(t, server, control))
