import { expect, test } from 'vitest'
import { DIRECTORY, logFixture } from '../../../test/sim/log-fixture.ts'
import { Quarantine } from './quarantine.ts'

async function fixture(bytesMax: number) {
  const { disk, log } = await logFixture()
  disk.place(`${DIRECTORY}/a.seg`, Buffer.from('0123456789'))
  const file = await disk.open(`${DIRECTORY}/a.seg`, 'read')
  return { disk, log, file, quarantine: new Quarantine(disk, DIRECTORY, { log, bytesMax }) }
}

test('corrupt bytes are copied, and met again they are not new', async () => {
  const { disk, log, file, quarantine } = await fixture(100)
  expect(await quarantine.keep(file, 18, 2, 6)).toBe(true)
  expect(disk.contentOf(`${DIRECTORY}/quarantine/0000000000000012-2.bad`).toString()).toBe('2345')
  expect(await quarantine.keep(file, 18, 2, 6)).toBe(false)
  expect(log.lines.filter((line) => line.level === 'error')).toHaveLength(1)
})

test('the quarantine is bounded', async () => {
  const { disk, file, quarantine } = await fixture(3)
  expect(await quarantine.keep(file, 1, 0, 10)).toBe(true)
  expect(await quarantine.keep(file, 1, 5, 10)).toBe(true)
  expect(disk.contentOf(`${DIRECTORY}/quarantine/0000000000000001-0.bad`)).toHaveLength(3)
  expect(disk.contentOf(`${DIRECTORY}/quarantine/0000000000000001-5.bad`)).toHaveLength(0)
})

test('a copy that cannot be made is logged and stops nothing', async () => {
  const { disk, log, file, quarantine } = await fixture(100)
  disk.faults.arm({ kinds: ['makeDirectory'], code: 'ENOSPC' })
  expect(await quarantine.keep(file, 1, 0, 4)).toBe(true)
  expect(log.lines.map((line) => line.level)).toStrictEqual(['error', 'warn'])
})
