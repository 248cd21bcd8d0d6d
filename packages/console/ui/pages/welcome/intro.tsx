const SHARING = 'A response is computed once and served by every instance.'

/** Introduces Weir. */
export const Intro = () => (
  <p class='lead intro'>
    Weir caches the responses of Fastify services that run as many instances.{' '}
    <strong>{SHARING}</strong> A write invalidates it everywhere before the write is acknowledged.
    Rate limits apply to the fleet as a whole.
  </p>
)
