import { demoTokens, exportLines } from '../local/demo-tokens.js'

// In a container of the suite: tokens that its services accept, as lines that a shell can take.
const { JWT_SECRET } = process.env
if (JWT_SECRET === undefined || JWT_SECRET === '') {
  console.error('JWT_SECRET is not set: a token has to be signed with what the services know it by')
  process.exit(1)
}
console.log(exportLines(await demoTokens(JWT_SECRET)))
