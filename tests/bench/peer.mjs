// The peer of `make bench-peer`: npm oidc-provider as its documentation sets it up for FAPI 2.0,
// with the in-memory store that comes with it. Reads its port and its one client from the environment.
import { randomBytes } from 'node:crypto';
import { Provider } from 'oidc-provider';

const { issuer, client, signing, detailsType } = JSON.parse(process.env.PEER);
const resource = `${issuer}/resource`;

const provider = new Provider(issuer, {
  clients: [
    {
      client_id: client.client_id,
      jwks: client.jwks,
      redirect_uris: [client.redirect_uri],
      grant_types: ['authorization_code', 'client_credentials'],
      response_types: ['code'],
      scope: client.scope,
      id_token_signed_response_alg: 'ES256',
      token_endpoint_auth_method: 'private_key_jwt',
      token_endpoint_auth_signing_alg: client.algorithm,
      authorization_details_types: [detailsType],
      dpop_bound_access_tokens: true,
      require_pushed_authorization_requests: true,
    },
  ],
  jwks: { keys: [signing] },
  cookies: { keys: [randomBytes(32).toString('hex')] },
  scopes: ['openid', ...client.scope.split(' ')],
  clientAuthMethods: ['private_key_jwt'],
  enabledJWA: {
    clientAuthSigningAlgValues: ['ES256', 'PS256', 'EdDSA', 'Ed25519'],
    dPoPSigningAlgValues: ['ES256', 'PS256', 'EdDSA', 'Ed25519'],
    idTokenSigningAlgValues: ['ES256'],
  },
  features: {
    devInteractions: { enabled: false },
    clientCredentials: { enabled: true },
    dPoP: { enabled: true, nonceSecret: randomBytes(32), requireNonce: () => true },
    fapi: { enabled: true, profile: '2.0' },
    pushedAuthorizationRequests: { enabled: true, requirePushedAuthorizationRequests: true },
    // Rich authorization requests depend on it; every token is an opaque one for the same resource.
    resourceIndicators: {
      enabled: true,
      defaultResource: () => resource,
      useGrantedResource: () => true,
      getResourceServerInfo: () => ({
        scope: client.scope,
        audience: resource,
        accessTokenTTL: 600,
        accessTokenFormat: 'opaque',
      }),
    },
    richAuthorizationRequests: {
      enabled: true,
      types: { [detailsType]: { validate() {} } },
    },
  },
  pkce: { required: () => true },
});

provider.on('server_error', (ctx, error) => console.error(error));
provider.listen(Number(new URL(issuer).port), '127.0.0.1', () => console.log('ready'));
