import t from 'tap'
import { slotOf } from '../src/slot.js'

t.test('the slot of a key depends on the text between its first braces', async (t) => {
  // The results of CLUSTER KEYSLOT.
  for (const [key, slot] of [
    ['123456789', 12_739],
    ['', 0],
    ['foo', 12_182],
    ['weir:{foo}:tags', 12_182],
    ['weir:{foo}{bar}', 12_182],
    ['{}foo', 9500],
    ['{foo', 13_308],
    ['grün', 14_522]
  ] as const) {
    t.equal(slotOf(key), slot, key)
  }
})
