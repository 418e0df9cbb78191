import { execFileSync } from 'node:child_process'
import { readFileSync, existsSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'

/** The TypeScript files of the project and what they import, as the tidy tests see them. */

const ROOT = join(import.meta.dirname, '..', '..')

export interface SourceFile {
  /** Relative to the root, with `/`. */
  readonly path: string
  readonly text: string
  /** Our own files it imports: static, dynamic, side effect, type. Relative to the root. */
  readonly imports: readonly string[]
  /** Dynamic imports whose file cannot be read off the source. */
  readonly opaqueImports: readonly string[]
}

const STATIC = /^[ \t]*(?:import|export)\b[^'"`]*?\bfrom\s*['"]([^'"]+)['"]/gm
const SIDE_EFFECT = /^[ \t]*import\s*['"]([^'"]+)['"]/gm
const DYNAMIC = /\bimport\(\s*['"`]([^'"`$]+)['"`]\s*\)/g
const BY_URL = /\bnew URL\(\s*['"`](\.[^'"`$]+\.ts)['"`]\s*,\s*import\.meta\.url\s*\)/g
const OPAQUE = /\bimport\((?!\s*['"`][^'"`$]+['"`]\s*\))[^)]*\)/g

/** All TypeScript files that git knows or would add. */
export function sourceFiles(): SourceFile[] {
  const list = execFileSync('git', ['ls-files', '-co', '--exclude-standard', '--', '*.ts'], {
    cwd: ROOT,
    encoding: 'utf8',
  })
  const paths = list.split('\n').filter((path) => path !== '' && existsSync(join(ROOT, path)))
  return paths.map((path) => parse(path, readFileSync(join(ROOT, path), 'utf8')))
}

export function parse(path: string, text: string): SourceFile {
  const code = withoutComments(text)
  const specifiers = [STATIC, SIDE_EFFECT, DYNAMIC, BY_URL].flatMap((pattern) =>
    [...code.matchAll(pattern)].map((match) => match[1]!),
  )
  const own = specifiers.filter((specifier) => specifier.startsWith('.'))
  return {
    path,
    text,
    imports: [...new Set(own.map((specifier) => normalize(join(dirname(path), specifier))))],
    opaqueImports: [...code.matchAll(OPAQUE)].map((match) => match[0]),
  }
}

/** Comments may speak of imports; strings with `//` in them are left alone. */
function withoutComments(text: string): string {
  return text.replace(
    /\/\*[\s\S]*?\*\/|(^|[^:'"`\\])\/\/[^\n]*/g,
    (_comment, before?: string) => before ?? '',
  )
}
