/** The result of one check. Only a `problem` makes the doctor fail. */
export interface Finding {
  readonly level: 'ok' | 'warning' | 'problem'
  /** Identifies the check, for scripts. */
  readonly check: string
  /** One sentence that states the finding. */
  readonly found: string
  /** One sentence that states the remedy. */
  readonly todo?: string
}

export const ok = (check: string, found: string): Finding => ({ level: 'ok', check, found })

export const warning = (check: string, found: string, todo: string): Finding =>
  ({ level: 'warning', check, found, todo })

export const problem = (check: string, found: string, todo: string): Finding =>
  ({ level: 'problem', check, found, todo })
