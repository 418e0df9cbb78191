/** Bytes before a message that is sent as one buffer. */
export const FRAME_HEAD_BYTES = 12

/**
 * Writes the head of a frame of one buffer (see frame-reader.ts) into the first FRAME_HEAD_BYTES of
 * `frame`, whose other bytes are the message.
 */
export function writeFrameHead(frame: Buffer, serial: number): void {
  frame.writeInt32BE(serial, 0)
  frame.writeInt32BE(1, 4)
  frame.writeInt32BE(frame.length - FRAME_HEAD_BYTES, 8)
}
