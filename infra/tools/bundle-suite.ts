// node infra/dist/tools/bundle-suite.js
//
// Bundles the suite before tests run: tap excludes only files from coverage that exist when it
// begins.
import { bundleSuite } from '../local/bundle.js'

await bundleSuite()
