/** The result of one check. Only `problem` makes the doctor fail. */
export interface Finding {
  readonly level: 'ok' | 'warning' | 'problem'
  /** Names the check, for scripts. */
  readonly check: string
  /** One sentence: what was found. */
  readonly found: string
  /** One sentence: what to do. */
  readonly todo?: string
}

export const ok = (check: string, found: string): Finding => ({ level: 'ok', check, found })

export const warning = (check: string, found: string, todo: string): Finding =>
  ({ level: 'warning', check, found, todo })

export const problem = (check: string, found: string, todo: string): Finding =>
  ({ level: 'problem', check, found, todo })
