// Re-exports the function of @weir/cache in the version that the plugins use: an app needs no
// second dependency, which pnpm and yarn would require.
export * from '@weir/cache/redis'
