import neostandard, { resolveIgnoresFromGitignore } from 'neostandard'
import tseslint from 'typescript-eslint'
import { commentStart } from './infra/lint/comment-start.js'

/**
 * Imports go down only: services -> plugins -> packages. A layer names what it may not reach up to.
 */
const layer = (files, forbidden) => ({
  files,
  rules: {
    'no-restricted-imports': ['error', {
      patterns: forbidden.map(([group, message]) => ({ group, message }))
    }]
  }
})
const noServices = [
  [
    '@weir/catalog',
    '@weir/catalog/*',
    '@weir/weather',
    '@weir/weather/*',
    '@weir/stats',
    '@weir/stats/*',
    '@weir/storefront',
    '@weir/storefront/*',
    '**/services/**'
  ],
  'Imports go down only: a service is composed of plugins, never imported by them.'
]
const noPlugins = [
  ['@weir/fastify', '@weir/fastify/*', '**/plugins/**'],
  'Packages are framework-free: they do not import plugins.'
]
const noFastify = [
  ['fastify', 'fastify-plugin', '@fastify/*'],
  'Packages are framework-free: they do not import Fastify.'
]
const noInfra = [['**/infra/**'], 'What runs the suite is not part of it.']

export default [
  // Templates find the packages compiled, which lint does not wait for; a test compiles them.
  { ignores: ['packages/create-weir/templates/**'] },
  ...neostandard({ ts: true, ignores: resolveIgnoresFromGitignore() }),
  ...tseslint.configs.recommendedTypeChecked.map((config) => ({
    ...config,
    files: ['**/*.ts', '**/*.tsx']
  })),
  {
    files: ['**/*.ts', '**/*.tsx'],
    languageOptions: {
      parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname }
    },
    rules: {
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-non-null-assertion': 'error',
      // Fastify awaits plugins and hooks that are async without awaiting anything themselves.
      '@typescript-eslint/require-await': 'off',
      '@stylistic/max-len': [
        'error',
        {
          code: 100,
          ignoreUrls: true,
          ignoreStrings: true,
          ignoreTemplateLiterals: true,
          ignoreRegExpLiterals: true
        }
      ]
    }
  },
  {
    plugins: { weir: { rules: { 'comment-start': commentStart } } },
    rules: { 'weir/comment-start': 'error' }
  },
  {
    // tap's t.test() and t.rejects() return promises that the runner itself waits for.
    files: ['**/test/**/*.ts'],
    rules: { '@typescript-eslint/no-floating-promises': 'off' }
  },
  layer(['packages/!(console)/src/**/*.ts'], [noFastify, noPlugins, noServices, noInfra]),
  // The console is composed of plugins, and is one.
  layer(['packages/console/src/**/*.ts'], [noServices, noInfra]),
  layer(['plugins/**/*.ts'], [noServices, noInfra]),
  layer(['services/*/src/**/*.ts'], [noServices, noInfra])
]
