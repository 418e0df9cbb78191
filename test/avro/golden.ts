/** Bytes as the real Flume 1.11 and `avsc` put them on the wire; the event is { k: 'v' } with body "hi". */

const HASH = '86aadae2c45474c0fe93ffd0f2350a65'

export const GOLDEN = {
  hash: HASH,
  handshakeRequest: `${HASH}00${HASH}0200`,
  appendParameters: '02026b027600046869',
  /** The first request of a connection. */
  firstAppend: `000000010000000100000034${HASH}00${HASH}0200000c617070656e6402026b027600046869`,
  laterAppend: '000000020000000100000011000c617070656e6402026b027600046869',
  /** Two events, the second without headers and body. */
  appendBatch: '00000003000000010000001a0016617070656e6442617463680402026b027600046869000000',
  firstOk: '00000001000000010000000700000000000000',
  ok: '000000020000000100000003000000',
  failed: '000000020000000100000003000002',
  systemErrorX: '0000000200000001000000050001000278',
  /** A Java server's OK in three buffers, the first of them empty. */
  okInThreeBuffers: '0000000200000003000000000000000100000000020000',
  /** How `avsc` opens a connection: a ping in two buffers. */
  avscPing: `000000000000000200000022${HASH}00${HASH}00000000020000`,
  /** The start of an answer NONE, of 1356 bytes in all. */
  handshakeNonePrefix: '0402ec147b227072',
}
