import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    pool: 'forks',
    projects: [
      {
        test: {
          name: 'unit',
          include: [
            'agent/**/*.test.ts',
            'hack/**/*.test.ts',
            'test/*.test.ts',
            'test/sim/**/*.test.ts',
          ],
        },
      },
    ],
  },
})
