import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { execFileSync } from 'node:child_process'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { loadAgents } from '../agent/config/load.ts'

const ROOT = join(import.meta.dirname, '..')
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8')

/** Every Markdown file of the project. */
const pages = execFileSync('git', ['ls-files', '-co', '--exclude-standard', '--', '*.md'], {
  cwd: ROOT,
  encoding: 'utf8',
})
  .split('\n')
  .filter((path) => path !== '' && existsSync(join(ROOT, path)))

const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> }

/** The plugins that examples name. */
const pluginsDirectory = join(ROOT, 'examples', 'plugins', 'plugins')

function blocksOf(page: string, language: string): string[] {
  const pattern = new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\``, 'gm')
  return [...read(page).matchAll(pattern)].map((match) => match[1]!)
}

describe.each(pages)('%s', (page) => {
  test('its links lead somewhere', () => {
    const links = [...read(page).matchAll(/\]\((?!https?:|mailto:|#)([^)#\s]+)[^)]*\)/g)]
    const broken = links
      .map((match) => match[1]!)
      .filter((link) => !existsSync(join(ROOT, dirname(page), link)))
    expect(broken).toEqual([])
  })

  test('the npm scripts it names exist', () => {
    const named = [...read(page).matchAll(/\bnpm run ([\w:-]+)/g)].map((match) => match[1]!)
    expect(named.filter((name) => scripts[name] === undefined)).toEqual([])
  })

  test('its manifests are valid', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'flume-docs-'))
    try {
      for (const block of blocksOf(page, 'yaml').filter((text) => text.includes('apiVersion:'))) {
        const file = join(directory, 'flow.yaml')
        writeFileSync(file, block)
        expect((await loadAgents([file], { pluginsDirectory })).problems).toEqual([])
      }
    } finally {
      rmSync(directory, { recursive: true })
    }
  })
})

test('every command of bin/flume that a page names exists', () => {
  const help = execFileSync(join(ROOT, 'bin', 'flume'), ['--help'], { encoding: 'utf8' })
  const commands = new Set([...help.matchAll(/^ {2}(\w+)\b/gm)].map((match) => match[1]!))
  for (const page of pages) {
    const named = [...read(page).matchAll(/\bbin\/flume (\w+)/g)].map((match) => match[1]!)
    expect(
      named.filter((name) => !commands.has(name)),
      page,
    ).toEqual([])
  }
})

test('the files that ARCHITECTURE.md and CONTRIBUTING.md name exist', () => {
  const list = execFileSync('git', ['ls-files', '-co', '--exclude-standard'], {
    cwd: ROOT,
    encoding: 'utf8',
  })
  const paths = list.split('\n').map((path) => `/${path}`)
  for (const page of ['ARCHITECTURE.md', 'CONTRIBUTING.md']) {
    const named = [...read(page).matchAll(/`([\w./-]+\.ts)`/g)].map((match) => match[1]!)
    const missing = named.filter((name) => !paths.some((path) => path.endsWith(`/${name}`)))
    expect(missing, page).toEqual([])
  }
})

test('every npm script leads to a file that exists', () => {
  const files = Object.values(scripts).flatMap((script) => script.match(/\b[\w/-]+\.ts\b/g) ?? [])
  expect(files.filter((file) => !existsSync(join(ROOT, file)))).toEqual([])
})

test('CI begins with the command that the README gives for the tests', () => {
  const command = blocksOf('README.md', 'bash').find((block) => block.includes('npm test'))
  const lines = read('.ci/run').split('\n')
  expect(lines.find((line) => line !== '' && !/^#|^set |^cd /.test(line))).toBe(command!.trim())
})

test('the workflow has one job, which runs .ci/run with pinned actions and no rights but to read', () => {
  expect(readdirSync(join(ROOT, '.github', 'workflows'))).toEqual(['ci.yml'])
  const workflow = read('.github/workflows/ci.yml')
  expect(workflow).toContain('permissions:\n  contents: read\n')
  expect(workflow.match(/^ +- run: .*/gm)).toEqual([expect.stringMatching(/\.ci\/run$/)])
  expect(workflow.match(/runs-on:/g)).toHaveLength(1)
  for (const [, version] of workflow.matchAll(/uses: \S+@(\S+)/g)) {
    expect(version).toMatch(/^[0-9a-f]{40}$/)
  }
})
