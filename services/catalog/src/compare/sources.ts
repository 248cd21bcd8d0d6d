/** Sources of a response: how to request it, and the resulting Cache-Status. */
export const SOURCES = [
  {
    source: 'handler',
    headers: { 'cache-control': 'no-cache, no-store' },
    evicts: false,
    isItsStatus: /; detail=REQUEST_NO_STORE$/
  },
  { source: 'store', headers: {}, evicts: true, isItsStatus: /; hit;.* detail=store$/ },
  { source: 'memory', headers: {}, evicts: false, isItsStatus: /; hit;.* detail=memory$/ }
] as const
