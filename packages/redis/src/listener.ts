/** Receives the events of a listening connection. */
export interface ListenerEvents {
  /** Channels can be subscribed to. */
  ready (): void
  /** The connection, or one of its channels, is lost. No more events follow. */
  lost (error?: Error): void
}

/** A dedicated connection that listens until it is lost: it never reconnects. */
export interface Listener {
  /** Resolves when messages are received from now on. */
  subscribe (channel: string, heard: (message: string) => void): Promise<void>
  /**
   * Resolves when a write that changes nothing has been executed in the channel's slot, and
   * everything published earlier has been received.
   *
   * A server that would not execute an invalidation refuses the write.
   */
  prove (channel: string): Promise<void>
  close (): void
}
