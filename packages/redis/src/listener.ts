/** Receives what happens to a listening connection. */
export interface ListenerEvents {
  /** Channels can be subscribed to. */
  ready (): void
  /** The connection, or one of its channels, is gone. Nothing follows. */
  lost (error?: Error): void
}

/** A connection of its own that listens, as long as it lasts: it never reconnects. */
export interface Listener {
  /** Resolves when messages are heard from now on. */
  subscribe (channel: string, heard: (message: string) => void): Promise<void>
  /**
   * Resolves when a write that changes nothing has been carried out in the channel's slot, and all
   * that was published before has been heard. A server that would not take an invalidation refuses
   * it.
   */
  prove (channel: string): Promise<void>
  close (): void
}
