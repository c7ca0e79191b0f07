# Fishing licences on Sinatra, with its sessions, rack-protection and method override.
require "json"
require "sinatra/base"

SITE = ENV.fetch("SITE")

class Licences < Sinatra::Base
  set :environment, :production
  set :method_override, true
  set :sessions, true
  set :session_secret, "a secret " * 8

  helpers do
    def token
      "<input type='hidden' name='authenticity_token' value='#{Rack::Protection::AuthenticityToken.token(session)}'>".tr("'", '"')
    end

    def ran(code, value)
      line = [code, value, env["HTTP_PAYGATE_STATUS"].to_s, env["HTTP_PAYGATE_AMOUNT"].to_s]
      File.open("#{SITE}/ran", "a") { |log| log.puts(line.to_json) }
    end
  end

  before { session.clear if File.exist?("#{SITE}/expired") }

  get("/") { "<h1>Fishing licences</h1>" }
  get("/login") { "<form method=post>#{token}<input name=name></form>" }
  post "/login" do
    session[:user] = params[:name]
    redirect "/licences/apply"
  end

  get "/licences/apply" do
    redirect "/login?next=/licences/apply" unless session[:user]
    "<h1>Apply</h1><form method=post>#{token}<input name=name><input name=email></form>"
  end
  post "/licences/apply" do
    redirect "/login?next=/licences/apply" unless session[:user]
    halt "<h1>Apply</h1>Enter an e-mail address <form method=post>#{token}</form>" unless params[:email].to_s.match?(/\A[^@]+@[^@]+\z/)
    ran "apply", params[:name]
    redirect "/licences/confirmation"
  end

  get("/licences/renew") { "<form method=post>#{token}<button name=action value=pay></form>" }
  renew = lambda do
    halt "<h1>Draft saved</h1>" unless params[:action] == "pay"
    ran "renew", "pay"
    redirect "/licences/confirmation"
  end
  post "/licences/renew", &renew
  patch "/licences/renew", &renew

  get("/licences/permit") { "<form method=post>#{token}<select name=licence><option>1-day</select></form>" }
  post "/licences/permit" do
    redirect "/licences/permit" unless ["1-day", "8-day"].include?(params[:licence])
    ran "permit", params[:licence]
    redirect "/licences/confirmation"
  end

  get("/licences/confirmation") { "<h1>Application received</h1>" }
  get "/report" do
    ran "report", params[:year].to_s
    content_type :text
    "the report"
  end
  search = -> { [request.request_method, request.fullpath, request.body.read.force_encoding("BINARY"), request.GET].inspect }
  get "/search", &search
  post "/search", &search
end

run Licences
