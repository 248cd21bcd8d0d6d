// node infra/dist/tools/bundle-suite.js Bundles the suite before tests run: tap leaves out of its
// coverage only files that are there when it begins.
import { bundleSuite } from '../local/bundle.js'

await bundleSuite()
