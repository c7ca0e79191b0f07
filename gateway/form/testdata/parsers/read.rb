# What Rack reads of a form, and Rails of JSON.
require "rack"
require "json"
require "stringio"

def read(type, body)
  return JSON.parse(body) if type.downcase.include?("json")
  env = { "REQUEST_METHOD" => "POST", "CONTENT_TYPE" => type, "CONTENT_LENGTH" => body.bytesize.to_s, "rack.input" => StringIO.new(body), "QUERY_STRING" => "" }
  env.delete("CONTENT_TYPE") if type.empty?
  Rack::Request.new(env).POST
end

def plain(value)
  case value
  when Hash then value.transform_values { |v| plain(v) }.transform_keys { |k| k.to_s.b.inspect }
  when Array then value.map { |v| plain(v) }
  when String then value.b.force_encoding("UTF-8").scrub("?")
  when Numeric, true, false, nil then value
  else nil # a file
  end
end

$stdin.binmode
$stdout.sync = true
while (head = $stdin.read(8))
  type, size = head.unpack("NN")
  kind, body = $stdin.read(type).to_s, $stdin.read(size).to_s
  begin
    all = read(kind, body)
    nested = all["application"]
    nested = {} unless nested.is_a?(Hash)
    answer = { "action" => all["action"], "licence" => all["licence"], "application[action]" => nested["action"], "application[licence]" => nested["licence"] }
    answer = answer.transform_values { |v| v.is_a?(Hash) && v[:tempfile] ? nil : plain(v) }
    puts JSON.generate(answer)
  rescue StandardError
    puts "{}"
  end
end
