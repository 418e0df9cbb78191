import { expect, test } from 'vitest'
import { EMPTY_FINGERPRINT, parseMemo } from './fingerprint.ts'
import { TailedFile } from './tailed-file.ts'

const identity = { device: '1', inode: '2', born: '3' }

function followed(): TailedFile {
  const group = { name: '', headers: {} }
  const headers = new Map<string, string>()
  return new TailedFile({
    path: '/a',
    group,
    headers,
    identity,
    stream: 's',
    foundInScan: 1,
    nowMs: 0,
  })
}

test('what is unread and what is held are told apart', () => {
  const file = followed()
  expect(file.observe({ identity, size: 10, modifiedNs: 1n, links: 1 }, 5)).toBe(true)
  expect([file.unread, file.held]).toEqual([10, 0])
  file.taken({ to: 6, scanned: 10, fingerprint: { ...EMPTY_FINGERPRINT, at: 6 } }, 7)
  expect([file.unread, file.held, file.offset]).toEqual([0, 4, 6])
  expect(file.behindSinceMs).toBeUndefined()
})

test('a change is one of size or time; its moment is kept', () => {
  const file = followed()
  const facts = { identity, size: 10, modifiedNs: 1n, links: 1 }
  file.observe(facts, 5)
  expect(file.observe(facts, 6)).toBe(false)
  expect(file.observe({ ...facts, modifiedNs: 2n }, 7)).toBe(true)
  expect(file.changedAtMs).toBe(7)
})

test('the memo says where the file is and that its writer left it', () => {
  const file = followed()
  file.rotated = true
  const memo = parseMemo(file.memo(EMPTY_FINGERPRINT))
  expect(memo).toEqual({ path: '/a', identity, fingerprint: EMPTY_FINGERPRINT, rotated: true })
})
