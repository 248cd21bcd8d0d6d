// The same function as that of @weir/cache, of the version that the plugins run on: an app needs no
// second dependency, which pnpm and yarn would ask of it.
export * from '@weir/cache/memcached'
