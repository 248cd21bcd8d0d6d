/**
 * Joins the questions of one turn of the event loop into one: the union of all items is asked for once.
 * A question asked after the command has left starts the next batch, so nobody gets an answer older than its question.
 */
export class Batch<R> {
  #open: { items: Set<string>, answer: Promise<R> } | undefined

  constructor (readonly ask: (items: readonly string[]) => Promise<R>) {}

  add (items: readonly string[]): Promise<R> {
    this.#open ??= this.#begin()
    for (const item of items) this.#open.items.add(item)
    return this.#open.answer
  }

  #begin () {
    const items = new Set<string>()
    const answer = new Promise<R>((resolve, reject) => {
      // After the promise jobs of this turn: everyone whose read just came back is still to ask.
      setImmediate(() => {
        this.#open = undefined
        this.ask([...items]).then(resolve, reject)
      })
    })
    return { items, answer }
  }
}
