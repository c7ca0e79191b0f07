# Fishing licences on Rails, as one file: form_with, form tokens and sessions in a cookie.
require "rails"
require "action_controller/railtie"

SITE = ENV.fetch("SITE")

class Licences < Rails::Application
  config.load_defaults 6.1
  config.root = __dir__
  config.eager_load = true
  config.secret_key_base = "a secret " * 8
  config.hosts.clear
  config.logger = Logger.new($stderr, level: :error)
  config.consider_all_requests_local = false

  routes.append do
    root to: "licences#home"
    get "/login", to: "licences#login"
    post "/login", to: "licences#sign_in"
    get "/licences/apply", to: "licences#new"
    post "/licences/apply", to: "licences#create"
    get "/licences/renew", to: "licences#renewal"
    match "/licences/renew", to: "licences#renew", via: [:post, :patch]
    get "/licences/permit", to: "licences#choose"
    post "/licences/permit", to: "licences#permit"
    get "/licences/confirmation", to: "licences#confirmation"
    get "/report", to: "licences#report"
    match "/search", to: "licences#search", via: [:get, :post]
  end
end

class LicencesController < ActionController::Base
  wrap_parameters :application, format: [:json]
  protect_from_forgery with: :exception, except: :search
  before_action { reset_session if File.exist?("#{SITE}/expired") }
  before_action :sign_in_first, only: [:new, :create]

  def home
    render html: "<h1>Fishing licences</h1>".html_safe
  end

  def login
    form "/login", "<input name='name'>"
  end

  def sign_in
    reset_session
    session[:user] = params[:name]
    redirect_to "/licences/apply"
  end

  def new
    form "/licences/apply", "<input name='application[name]'><input name='application[email]'>"
  end

  # As a scaffold of Rails 6.1 has it: what is wrong shows the form again, with status 200.
  def create
    application = params.require(:application).permit(:name, :email)
    return new unless application[:email].to_s.match?(/\A[^@]+@[^@]+\z/)
    ran "apply", application[:name]
    redirect_to "/licences/confirmation"
  end

  def renewal
    form "/licences/renew", "<button name='application[action]' value='pay'>"
  end

  def renew
    if params.dig(:application, :action) == "pay"
      ran "renew", "pay"
      return redirect_to "/licences/confirmation"
    end
    render html: "<h1>Draft saved</h1>".html_safe
  end

  def choose
    form "/licences/permit", "<select name='application[licence]'><option>1-day</select>"
  end

  def permit
    licence = params.require(:application)[:licence]
    return choose unless ["1-day", "8-day"].include?(licence)
    ran "permit", licence
    redirect_to "/licences/confirmation"
  end

  def confirmation
    render html: "<h1>Application received</h1>".html_safe
  end

  def report
    ran "report", params[:year].to_s
    render plain: "the report"
  end

  def search
    render plain: [request.method, request.fullpath, request.raw_post, request.query_parameters].to_json
  end

  private

  def sign_in_first
    redirect_to "/login?next=/licences/apply" unless session[:user]
  end

  def form(to, inputs)
    render inline: "<h1>Fishing licences</h1><%= form_with(url: to, local: true) { inputs.html_safe } %>", locals: { to: to, inputs: inputs }
  end

  def ran(code, value)
    line = [code, value, request.headers["Paygate-Status"].to_s, request.headers["Paygate-Amount"].to_s]
    File.open("#{SITE}/ran", "a") { |log| log.puts(line.to_json) }
  end
end

Licences.initialize!
run Licences
