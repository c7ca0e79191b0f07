require 'digest'
require 'json'
require 'openssl'

# Checks a Paygate-Assertion and returns its claims, or raises. Ruby 2.0 or later.
#
# key is Paygate's public key in PEM; target is path and query as they were sent, request.fullpath in Rails; body is the raw
# body, request.raw_post, or nil; now is Time.now.to_i; typ is 'paygate-event+jwt' where the service hears what happened
# later.
def paygate_verify(key, audience, method, target, body, assertion, now, typ = 'paygate-release+jwt')
  parts = assertion.split('.', -1)
  head, payload, signature = parts.map { |part| part.tr('-_', '+/').unpack('m').first.force_encoding('UTF-8') }
  # The key decides how it is used, never the token: whatever its header claims, this is RSA with SHA-256.
  rs256 = OpenSSL::PKey::RSA.new(key)
  unless parts.size == 3 && rs256.verify(OpenSSL::Digest.new('SHA256'), signature, parts[0] + '.' + parts[1])
    raise 'Paygate-Assertion: signature'
  end
  header, claims = JSON.parse(head), JSON.parse(payload)
  {
    'alg' => header['alg'] == 'RS256', 'typ' => header['typ'] == typ, 'aud' => claims['aud'] == audience,
    'exp' => now <= claims['exp'] + 60, 'iat' => now >= claims['iat'] - 60, 'htm' => claims['htm'] == method,
    'htp' => claims['htp'] + (claims['htq'].empty? ? '' : '?' + claims['htq']) == target,
    'body_sha256' => body.nil? || claims['body_sha256'] == Digest::SHA256.hexdigest(body),
    'pay.state' => typ == 'paygate-event+jwt' || ['success', 'capturable'].include?(claims['pay']['state'])
  }.each { |name, good| raise 'Paygate-Assertion: ' + name unless good }
  claims
end
