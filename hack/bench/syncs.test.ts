import { expect, test } from 'vitest'
import { countSyncs } from './syncs.ts'

test('syncs are counted by the folder of the file, each once', () => {
  const trace = [
    '100 fdatasync(21</w/data/f/c/1.log>) = 0',
    '101 fdatasync(21</w/data/f/c/1.log> <unfinished ...>',
    '102 fsync(22</w/out/a.log>) = 0',
    '101 <... fdatasync resumed>) = 0',
    '103 fdatasync(22</w/out/a.log>) = -1 ENOSPC (No space left on device)',
    '103 fsync(9</etc>) = 0',
    '104 msync(0x7f0000000000, 8192, MS_SYNC) = 0',
    '',
  ].join('\n')
  expect(countSyncs(trace, { channel: '/w/data', sink: '/w/out' })).toEqual({
    byFolder: { channel: 2, sink: 1 },
    elsewhere: 2,
  })
})
