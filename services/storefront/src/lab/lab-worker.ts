import { Worker } from 'node:worker_threads'
import { labBusy, STOREFRONT_ERR_LAB_FAILED } from '../errors.js'
import { LAB_PROGRAM } from '../programs.js'
import { type Work } from './load.js'
import { type Delivery, type Order } from './worker.js'

interface Job {
  readonly resolve: (delivery: Delivery) => void
  readonly reject: (error: Error) => void
  readonly timer: NodeJS.Timeout
}

/** Options of {@link LabWorker}; tests use other values. */
interface LabWorkerOptions {
  readonly program?: URL
  /** Maximum number of jobs that run or wait. */
  readonly most?: number
  /** Milliseconds until a job counts as lost. */
  readonly deadline?: number
}

/**
 * Computes in a separate thread, one job after the other, so that the instance can answer other
 * requests meanwhile. The first job starts the thread. If it dies, or does not respond for too
 * long, all of its jobs fail, and the next job starts another one.
 */
export class LabWorker {
  readonly #program: URL
  readonly #most: number
  readonly #deadline: number
  readonly #jobs = new Map<number, Job>()
  #thread: Worker | undefined
  #ordered = 0
  #isClosed = false

  constructor ({ program = LAB_PROGRAM, most = 8, deadline = 10_000 }: LabWorkerOptions = {}) {
    this.#program = program
    this.#most = most
    this.#deadline = deadline
  }

  /** @throws STOREFRONT_ERR_LAB_BUSY (503), STOREFRONT_ERR_LAB_FAILED (503) */
  async run (work: Work): Promise<Delivery> {
    if (this.#jobs.size >= this.#most) throw labBusy(this.#most)
    if (this.#isClosed) {
      throw new STOREFRONT_ERR_LAB_FAILED({ cause: new Error('the instance is closing') })
    }
    const thread = this.#thread ??= this.#begin()
    const id = ++this.#ordered
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#end(thread, new Error(`no result within ${this.#deadline} ms`))
      }, this.#deadline)
      this.#jobs.set(id, { resolve, reject, timer })
      thread.postMessage({ id, work } satisfies Order)
    })
  }

  /** Ends the thread; running jobs fail. */
  async close (): Promise<void> {
    this.#isClosed = true
    const thread = this.#thread
    if (thread === undefined) return
    this.#end(thread, new Error('the instance is closing'))
    await thread.terminate()
  }

  #begin (): Worker {
    const thread = new Worker(this.#program, { name: 'lab' })
    thread.unref()
    thread.on('message', (delivery: Delivery) => {
      const job = this.#jobs.get(delivery.id)
      // A thread that was abandoned may still deliver.
      if (job === undefined) return
      this.#jobs.delete(delivery.id)
      clearTimeout(job.timer)
      job.resolve(delivery)
    })
    thread.on('error', (error) => { this.#end(thread, error) })
    thread.on('exit', (code) => { this.#end(thread, new Error(`the thread ended with ${code}`)) })
    return thread
  }

  /** Ends a thread and fails all jobs; only the first call for a thread has an effect. */
  #end (thread: Worker, cause: Error): void {
    if (this.#thread !== thread) return
    this.#thread = undefined
    const jobs = [...this.#jobs.values()]
    this.#jobs.clear()
    for (const { reject, timer } of jobs) {
      clearTimeout(timer)
      reject(new STOREFRONT_ERR_LAB_FAILED({ cause }))
    }
    thread.terminate().catch(() => {})
  }
}
