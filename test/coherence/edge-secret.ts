/** The secret of Varnish and of the instances. */
export const EDGE_SECRET = 'checked'
