/** One request to a peer: made by `calls`, moved by the balancer, sent by a connection. */
export interface Call {
  readonly events: number
  /** Bytes of bodies: what the room of a connection is measured in. */
  readonly bytes: number
  /**
   * The frame, its head left free: metadata, message name, parameters; no handshake. Encoded when it is
   * first sent and kept until it is answered, for it may be sent again elsewhere.
   * One attempt at a time: the connection writes its serial into it.
   */
  frame(): Buffer
  /** It was answered OK. Its frame is of no further use. */
  delivered(): void
}
