/**
 * The tag every response carries for its target URI, so that a write to that URI invalidates all of its variants
 * (RFC 9111, section 4.4). The space keeps it apart from tags people name: a URI's follows it, never one of theirs.
 */
export const uriTag = (uri: string) => `uri ${uri}`
