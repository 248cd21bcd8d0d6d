/**
 * Joins the questions of one turn of the event loop into one, about all of their items. A question
 * asked after the command has left starts the next batch: no answer is older than its question.
 */
export class Batch<I, R> {
  #open: { readonly items: I[], readonly answer: Promise<R> } | undefined

  constructor (readonly ask: (items: readonly I[]) => Promise<R>) {}

  add (item: I): Promise<R> {
    this.#open ??= this.#begin()
    this.#open.items.push(item)
    return this.#open.answer
  }

  #begin () {
    const items: I[] = []
    const answer = new Promise<R>((resolve, reject) => {
      // After the promise jobs of this turn: readers whose read just came back are still to ask.
      setImmediate(() => {
        this.#open = undefined
        this.ask(items).then(resolve, reject)
      })
    })
    return { items, answer }
  }
}
