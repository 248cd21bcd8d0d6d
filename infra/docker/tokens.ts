import { demoTokens, exportLines } from '../local/demo-tokens.js'

// Prints tokens that the services of the suite accept, as lines for a shell. Runs in a container.
const { JWT_SECRET } = process.env
if (JWT_SECRET === undefined || JWT_SECRET === '') {
  console.error('JWT_SECRET is not set: tokens must be signed with the secret of the services')
  process.exit(1)
}
console.log(exportLines(await demoTokens(JWT_SECRET)))
