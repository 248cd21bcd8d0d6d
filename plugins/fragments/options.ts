import { CacheError, type Duration, parseDuration } from '@weir/cache'
import { shown } from '@weir/internal'
import type { FastifyRequest } from 'fastify'
import { WEIR_ERR_FRAGMENT } from '../errors.js'
import { unknownOption } from '../plugin-options.js'
import { isNameList } from '../response-cache/options.js'
import { isTag } from '../response-cache/tags.js'

/**
 * Value of the request on which a fragment depends: text, a number, a boolean, null, undefined, or
 * lists and objects of those.
 */
export type VaryFunction = { bivariant (request: FastifyRequest): unknown }['bivariant']

/** Options of a fragment. */
export interface FragmentOptions {
  /** Lifetime: at most that of each fragment in it. */
  readonly ttl: Duration
  /** Tags that invalidate it, together with every fragment and stored page that contains it. */
  readonly tags?: readonly string[]
  /**
   * Parts of the request on which it depends, besides its key: names of request headers, and
   * functions of the request. Properties of the URL belong in the key. A page gets these headers in
   * its Vary; one that depends on a function gets `Vary: *`.
   * @example ['accept-language', (request) => request.cookies.theme]
   */
  readonly vary?: readonly (string | VaryFunction)[]
  /**
   * True: each user has a separate fragment. It is not stored if the user is unknown, and a page
   * with it is `private`. Default false: it is shared by all users.
   */
  readonly private?: boolean
  /**
   * Time after `ttl` in which it may be used while a new one is rendered in the background. Default
   * 0.
   */
  readonly staleWhileRevalidate?: Duration
  /** Time after `ttl` in which it may be used if rendering fails. Default 0. */
  readonly staleIfError?: Duration
}

const NAMES: Readonly<Record<keyof FragmentOptions, true>> = {
  ttl: true, tags: true, vary: true, private: true, staleWhileRevalidate: true, staleIfError: true
}

/**
 * Checks the options that determine the key, before each use.
 * @throws WEIR_ERR_FRAGMENT
 */
export function checkSelecting (key: unknown, options: FragmentOptions): void {
  if (!isTag(key)) throw new WEIR_ERR_FRAGMENT(shown(key), 'key must be a non-empty string')
  if (typeof options !== 'object' || options === null) {
    throw new WEIR_ERR_FRAGMENT(
      shown(key),
      `options must be an object with ttl, not ${shown(options)}`
    )
  }
  const { vary, private: isPrivate } = options
  if (isPrivate !== undefined && typeof isPrivate !== 'boolean') {
    throw new WEIR_ERR_FRAGMENT(
      shown(key),
      `private must be true or false, not ${shown(isPrivate)}`
    )
  }
  if (
    vary !== undefined &&
    !(
      Array.isArray(vary) && vary.every((item) => typeof item === 'function' || isNameList([item]))
    )
  ) {
    throw new WEIR_ERR_FRAGMENT(
      shown(key),
      `vary must be a list of request header names and functions of the request, not ${shown(vary)}`
    )
  }
}

/**
 * Checks the other options, before it is rendered.
 * @throws WEIR_ERR_FRAGMENT
 */
export function checkKeeping (key: string, options: FragmentOptions, render: unknown): void {
  const unknown = unknownOption(options, Object.keys(NAMES))
  if (unknown !== undefined) {
    throw new WEIR_ERR_FRAGMENT(shown(key), `${unknown.name} ${unknown.problem}`)
  }
  if (typeof render !== 'function') {
    throw new WEIR_ERR_FRAGMENT(
      shown(key),
      `render must be a function that returns HTML, not ${shown(render)}`
    )
  }
  const { tags, ttl, staleWhileRevalidate = 0, staleIfError = 0 } = options
  if (tags !== undefined && !(Array.isArray(tags) && tags.every(isTag))) {
    throw new WEIR_ERR_FRAGMENT(
      shown(key),
      `tags must be a list of non-empty strings, not ${shown(tags)}`
    )
  }
  for (const [name, duration] of Object.entries({ ttl, staleWhileRevalidate, staleIfError })) {
    checkDuration(key, name, duration)
  }
}

function checkDuration (key: string, name: string, duration: Duration): void {
  try {
    parseDuration(duration, name)
  } catch (error) {
    if (error instanceof CacheError) {
      throw new WEIR_ERR_FRAGMENT(
        shown(key),
        `${name} must be a duration: milliseconds, or text like '60s', not ${shown(duration)}`
      )
    }
    throw error
  }
}
