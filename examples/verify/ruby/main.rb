# ruby main.rb KEY.pem AUDIENCE METHOD TARGET BODY-FILE ASSERTION UNIX-SECONDS [TYP] ("-" as BODY-FILE: there is no raw body)
require_relative 'paygate_verify'

key, audience, method, target, body, assertion, now, *typ = ARGV
begin
  body = body == '-' ? nil : File.binread(body)
  claims = paygate_verify(File.read(key), audience, method, target, body, assertion, now.to_i, *typ)
rescue StandardError => refused
  abort refused.message
end
puts [claims['jny'], claims['sbm'], claims['pay']['amount'], claims['pay']['ref']].join(' ')
