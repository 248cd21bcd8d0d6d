import net from 'node:net'

/*
 * Preloaded into an instance (--import): its connections come from the loopback address that
 * identifies it in the network. ioredis has no option for that.
 */
const { SOURCE_ADDRESS: localAddress } = process.env
const { createConnection } = net

Object.assign(net, {
  createConnection: (options: net.NetConnectOpts, listener?: () => void) =>
    createConnection('port' in options ? { ...options, localAddress } : options, listener)
})
