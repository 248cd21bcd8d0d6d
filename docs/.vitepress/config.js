export { config as default } from '../../infra/dist/site/config.js'
