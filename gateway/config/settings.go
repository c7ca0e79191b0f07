package config

import (
	"log/slog"
	"net/netip"
	"net/url"
	"time"

	"paygate/gateway"
	"paygate/gateway/notify"
	"paygate/gateway/origin"
	"paygate/gateway/pages"
	"paygate/gateway/signin"
	"paygate/journey/reconcile"
)

// Settings holds all settings of a gateway, checked. A field with an env tag declares a setting: its comment is the
// text in config.example.env and docs/reference/settings.md, which a test makes from this file. A field without a
// comment belongs to the setting above it. The other tags are
//
//	default  the value if the setting is not set
//	values   the words that are allowed
//	check    the rule for the text, one of checkText
//	secret   the setting can be given as a file
//	sample   the value in config.example.env, set; example and default are commented out there
//	section  the heading above the setting in both documents
type Settings struct {
	// The service, as Paygate reaches it: http://…, https://…, or unix:/path for a Unix socket. Nothing else should be
	// able to reach it: anyone who can gets the service for free.
	Upstream Service `env:"UPSTREAM,required" sample:"http://10.0.0.5:8080" section:"What every installation needs"`
	// The origins that citizens see, separated by commas; the first is the main one. They must be https, except with
	// PAYGATE_PAY_MODE=test. A citizen returns from GOV.UK Pay to the origin where they started. Citizens cannot pay at
	// any other host: Paygate redirects the page of a form to the main origin, and refuses a form that is sent there.
	// Services read the scheme from X-Forwarded-Proto.
	Origins origin.List `env:"PUBLIC_URL,required" sample:"https://licences.example.gov.uk"`
	// The API key from GOV.UK Pay's admin tool.
	PayAPIKey string `env:"PAY_API_KEY,required" check:"key" secret:"yes" sample:"api_live_replace_me"`
	// Cookies and stored data are encrypted with keys derived from these secrets. `paygate keys` makes one. To change
	// it, put the new one in front: new,old.
	Secrets [][]byte `env:"SECRETS,required" secret:"yes" sample:"replace-me"` // 32 bytes each
	// What citizens call the service.
	ServiceName string `env:"SERVICE_NAME,required" check:"name" sample:"Fishing licences"`
	// The pay routes, by names of your own. Each has settings that begin with PAYGATE_ROUTE_ and the name in capitals,
	// with _ for -.
	RouteNames routeNames `env:"ROUTES,required" sample:"licence"`

	// live, or test: no money is taken. A key whose prefix says otherwise is refused.
	Live bool `env:"PAY_MODE" default:"live" values:"live,test" section:"GOV.UK Pay"`
	// Where the API of GOV.UK Pay is.
	PayAPIURL *url.URL `env:"PAY_API_URL" default:"https://publicapi.payments.service.gov.uk"`
	// The origins that GOV.UK Pay may send a citizen to.
	PayCardOrigins origins `env:"PAY_CARD_ORIGINS"` // the default is in initial
	// Secrets of webhooks, separated by commas: any of them may have signed one. Without any, webhooks get 404.
	PayWebhookSecrets []string `env:"PAY_WEBHOOK_SECRETS" secret:"yes" example:"webhook_live_example"`
	// How many payments are created in a second, by this process and (PostgreSQL) by all replicas together. Above this
	// rate, new payments queue for up to two seconds; after that the citizen sees a page that says that many people are
	// paying.
	PayRate      int `env:"PAY_RATE" default:"10"`
	PayRateTotal int `env:"PAY_RATE_TOTAL" default:"10"`
	// Further accounts, by names of your own, for services that share this Paygate. Each has its own
	// PAYGATE_PAY_NAME_API_KEY, all in the mode of PAYGATE_PAY_MODE. A route names one with ACCOUNT. Paygate does not
	// start while an open journey names an account that is not listed.
	AccountNames accountNames `env:"PAY_ACCOUNTS" example:"parking"`
	// How long to wait for an answer of the API: at most 45s.
	PayTimeout time.Duration `env:"PAY_TIMEOUT" default:"10s"`

	// How long to wait for an answer of the service. After that, Paygate cannot know whether the service got a paid
	// request: see REPEAT, above.
	UpstreamTimeout time.Duration `env:"UPSTREAM_TIMEOUT" default:"60s" section:"The service"`
	// A further root certificate for an https service.
	UpstreamCAFile string `env:"UPSTREAM_CA_FILE" example:"/etc/paygate/root.pem"`
	// The Host header that the service gets. Without it, the service gets the citizen's own.
	UpstreamHost string `env:"UPSTREAM_HOST" check:"host" example:"legacy.internal"`
	// Whether calls of Next.js Server Actions pass outside the pay routes. If the pay code is a Server Action, a call
	// reaches it at any address.
	RefuseActions bool `env:"NEXT_ACTIONS" default:"pass" values:"pass,refuse"`
	// Methods to let through besides those of HTTP itself and PATCH.
	Methods methods `env:"METHODS" example:"PROPFIND,REPORT"`
	// on, or off: no connection becomes a WebSocket.
	WebSockets bool `env:"WEBSOCKETS" default:"on" values:"on,off"`

	// Where the public listener is; unix:/path is a Unix socket, whose clients count as 127.0.0.1 (see
	// PAYGATE_TRUSTED_PROXIES).
	Listen string `env:"LISTEN" default:":8000" check:"public address" section:"Listeners"`
	// Both together make the public listener https.
	TLSCertFile string `env:"TLS_CERT_FILE" example:"/etc/paygate/cert.pem"`
	TLSKeyFile  string `env:"TLS_KEY_FILE" example:"/etc/paygate/key.pem"`
	// All of Paygate's own addresses are under this prefix.
	Prefix string `env:"PREFIX" default:"/_pay" check:"prefix"`
	// The networks whose X-Forwarded-* headers are believed. Limits for each network of clients depend on them.
	TrustedProxies []netip.Prefix `env:"TRUSTED_PROXIES" example:"10.0.0.0/8"`
	// Where the staff listener is. It must not face the public.
	StaffListen string `env:"STAFF_LISTEN" default:"127.0.0.1:8001" check:"address"`
	// Both together make the staff listener https. Commands and healthcheck then accept the certificate in that file
	// and no other.
	StaffTLSCertFile string `env:"STAFF_TLS_CERT_FILE" example:"/etc/paygate/staff-cert.pem"`
	StaffTLSKeyFile  string `env:"STAFF_TLS_KEY_FILE" example:"/etc/paygate/staff-key.pem"`
	// name:token or name:role:token for each member of staff. The role is view (look, export, check now), refund (also
	// refund, release, settle, sweep) or admin (everything); without one, it is admin. Without any way to sign in, the
	// staff listener serves health and metrics only.
	StaffTokens signin.Tokens `env:"STAFF_TOKENS" secret:"yes" example:"ann:refund:replace-me-with-a-long-one"`
	// Sign in with OpenID Connect (docs/how-to/sign-in.md): the issuer as it writes itself in its tokens, and what it
	// calls Paygate. It sends people back to /login/callback under PAYGATE_STAFF_PUBLIC_URL, which is needed too.
	StaffOIDCIssuer       string `env:"STAFF_OIDC_ISSUER" check:"issuer" example:"https://login.example.gov.uk/realms/staff"`
	StaffOIDCClientID     string `env:"STAFF_OIDC_CLIENT_ID" check:"key" example:"paygate"`
	StaffOIDCClientSecret string `env:"STAFF_OIDC_CLIENT_SECRET" check:"key" secret:"yes" example:"replace-me"`
	// on: an e-mail address of this issuer counts although it does not say email_verified. Only for an issuer of one
	// organisation, such as a tenant of Entra ID.
	StaffOIDCTrustEmail bool `env:"STAFF_OIDC_TRUST_EMAIL" default:"off" values:"on,off"`
	// The claim with a person's groups.
	StaffOIDCGroupsClaim string `env:"STAFF_OIDC_GROUPS_CLAIM" default:"groups"`
	// Or trust a proxy that signs people in (oauth2-proxy, Pomerium, IAP): the header with their name or e-mail
	// address, and the one with their groups. Both count only from PAYGATE_STAFF_PROXIES.
	StaffProxyHeader       string `env:"STAFF_PROXY_HEADER" check:"header" example:"X-Forwarded-Email"`
	StaffProxyGroupsHeader string `env:"STAFF_PROXY_GROUPS_HEADER" check:"header" example:"X-Forwarded-Groups"`
	// The networks of the proxies in front of the staff listener. Anything there can sign in as anyone, so list the
	// proxies alone.
	StaffProxies []netip.Prefix `env:"STAFF_PROXIES" example:"10.0.3.7/32"`
	// WHO=ROLE for people whom OpenID Connect or a proxy signs in. WHO is an e-mail address, *@domain, sub:ID or
	// group:NAME. The highest role counts.
	StaffRoles signin.Grants `env:"STAFF_ROLES" example:"*@example.gov.uk=view,group:finance=refund"`
	// Pounds. If a refund, or a settlement that gives money back, comes to this much together with what staff gave back
	// on the journey before, a second person has to agree. Without it, one person is enough.
	SecondPersonFrom pounds `env:"REFUND_SECOND_PERSON_FROM" example:"100"`
	// Where commands find the staff listener of a running gateway, and the token that they use. Without these, they use
	// PAYGATE_STAFF_LISTEN on this machine, and the token of PAYGATE_STAFF_TOKENS if that has exactly one.
	StaffURL   *url.URL `env:"STAFF_URL" example:"http://127.0.0.1:8001"`
	StaffToken string   `env:"STAFF_TOKEN" secret:"yes" example:"replace-me-with-a-long-one"`

	// bbolt:PATH is a file, for one process. postgres://USER:PASSWORD@HOST/DATABASE?sslmode=verify-full is PostgreSQL,
	// for any number of replicas; PAYGATE_STORE_FILE is better for it, because of its password.
	Store Store `env:"STORE" default:"bbolt:paygate.db" secret:"yes" section:"What is stored, and how long"`
	// Larger requests to a pay route get 413, before any payment. While they arrive, those over 64 KiB are in an
	// encrypted file beside the store, or in TMPDIR. If MATCH has a query (?page=apply), a larger form to the same path
	// gets 413 too: Paygate cannot read all of it, and it may lead to the pay code.
	HoldMaxBytes int64 `env:"HOLD_MAX_BYTES" default:"10MiB"`
	// Larger replies are streamed, and a reload cannot show them again.
	ReplyMaxBytes int64 `env:"REPLY_MAX_BYTES" default:"1MiB"`
	// How long a reload shows the reply again, from when it is first shown. A reply that has not been shown is stored
	// for a day.
	KeepReply time.Duration `env:"KEEP_REPLY" default:"1h"`
	// How long the history of a journey is stored after it has ended: two years.
	KeepJourneys time.Duration `env:"KEEP_JOURNEYS" default:"17520h"`
	// Whether a form that contains a payment card number can be held.
	RefuseCards bool `env:"CARD_NUMBERS" default:"refuse" values:"refuse,allow"`

	// How often Paygate sweeps: it deals with every journey that is due.
	MopupEvery time.Duration `env:"MOPUP_EVERY" default:"30m" section:"Journeys whose citizens do not come back"`
	// Sweeps leave younger payments to their citizen; 0s is allowed.
	MopupMinAge durationOrZero `env:"MOPUP_MIN_AGE" default:"3h"`
	// How often Paygate asks GOV.UK Pay again about a journey that has ended, for 7 days.
	SecondLook time.Duration `env:"SECOND_LOOK" default:"24h"`
	// How long before the end of GOV.UK Pay's 120 hours an uncaptured payment is settled.
	CaptureMargin time.Duration `env:"CAPTURE_MARGIN" default:"24h"`

	// When Paygate compares the payments at GOV.UK Pay with its store, each day: a time in the United Kingdom, or off.
	ReconcileAt reconcile.At `env:"RECONCILE_AT" default:"04:00"`

	// Where the service keeps the citizen's language, in order: cookie:NAME, query:NAME, form:NAME, path:/cy/. A value
	// that begins with cy means Welsh. The browser's own preference (Accept-Language) comes last.
	Language []gateway.LanguageSource `env:"LANGUAGE" default:"cookie:lang,query:lang" section:"Pages and logs"`
	// What citizens call the service, in Welsh.
	ServiceNameCY string `env:"SERVICE_NAME_CY" check:"name" example:"Trwyddedau pysgota"`
	// How citizens contact the service, in English and in Welsh.
	Contact   string `env:"CONTACT" check:"contact" example:"Telephone 0300 123 4567"`
	ContactCY string `env:"CONTACT_CY" check:"contact" example:"Ffoniwch 0300 123 4567"`
	// Links at the foot of the citizen pages (privacy, accessibility, cookies): a list of Text=URL, in English and in
	// Welsh. A URL is a path of the service, or begins with https:// or http://.
	FooterLinks   []pages.Link `env:"FOOTER_LINKS" example:"Privacy=/privacy,Accessibility=/accessibility"`
	FooterLinksCY []pages.Link `env:"FOOTER_LINKS_CY" example:"Preifatrwydd=/cy/privacy,Hygyrchedd=/cy/accessibility"`
	// The least that is logged: debug, info, warn or error.
	LogLevel slog.Level `env:"LOG_LEVEL" default:"info" check:"level"`
	// How it is logged; text is for people.
	LogFormat string `env:"LOG_FORMAT" default:"json" values:"json,text"`

	// PEM files, newest first. Without any, a key is made at the first start and stored encrypted, for all replicas.
	SigningKeys []string `env:"SIGNING_KEYS" example:"/etc/paygate/signing.pem" section:"Signed headers"`
	// The algorithm of the key that Paygate makes.
	SigningAlg string `env:"SIGNING_ALG" default:"RS256" values:"RS256,ES256"`
	// The audience in the assertion. Without it, the main public URL.
	Audience string `env:"AUDIENCE" example:"https://licences.example.gov.uk"`

	// A key from GOV.UK Notify. With it, Paygate writes to the citizens of routes that have NOTIFY_EMAIL: when a form
	// was delivered and the citizen did not see the answer, when their money goes back, and when it is refunded
	// (docs/reference/messages.md).
	NotifyKey *notify.Key `env:"NOTIFY_API_KEY" secret:"yes" example:"name-uuid-uuid" section:"E-mails and alerts"`
	// Where the API of GOV.UK Notify is.
	NotifyURL *url.URL `env:"NOTIFY_API_URL" default:"https://api.notifications.service.gov.uk"`
	// The ids of the templates of these e-mails. docs/reference/messages.md has texts for them. Citizens who use the
	// service in Welsh get the Welsh one, or the English one if there is none.
	NotifyDelivered   notify.Template `env:"NOTIFY_TEMPLATE_DELIVERED" example:"7a0a79c3-0000-4000-8000-000000000001"`
	NotifyDeliveredCY notify.Template `env:"NOTIFY_TEMPLATE_DELIVERED_CY" example:"7a0a79c3-0000-4000-8000-000000000002"`
	NotifyReturned    notify.Template `env:"NOTIFY_TEMPLATE_RETURNED" example:"7a0a79c3-0000-4000-8000-000000000003"`
	NotifyReturnedCY  notify.Template `env:"NOTIFY_TEMPLATE_RETURNED_CY" example:"7a0a79c3-0000-4000-8000-000000000004"`
	NotifyRefunded    notify.Template `env:"NOTIFY_TEMPLATE_REFUNDED" example:"7a0a79c3-0000-4000-8000-000000000005"`
	NotifyRefundedCY  notify.Template `env:"NOTIFY_TEMPLATE_REFUNDED_CY" example:"7a0a79c3-0000-4000-8000-000000000006"`
	// A webhook of a channel, where Paygate tells staff that something needs a person: at most once an hour, and
	// without anything about one payment. slack is for Slack and what understands its format; teams is an Adaptive Card
	// for Microsoft Teams.
	AlertWebhook *webhookURL `env:"ALERT_WEBHOOK" secret:"yes" example:"https://hooks.slack.com/services/replace/me"`
	AlertFormat  string      `env:"ALERT_FORMAT" default:"slack" values:"slack,teams"`
	// GOV.UK Pay's own admin tool, to which the staff pages lead.
	PayTool *url.URL `env:"PAY_TOOL_URL" default:"https://selfservice.payments.service.gov.uk"`
	// Where staff reach the staff pages: alerts have links to it, and OpenID Connect leads back to it.
	StaffPublicURL *url.URL `env:"STAFF_PUBLIC_URL" example:"https://paygate-staff.example.gov.uk"`

	// Accounts are the accounts at GOV.UK Pay, the default one first.
	Accounts []Account
	Routes   []gateway.Route
	Tracing  *Tracing // nil: nothing is traced
	// SecretFiles are files that only Paygate should be able to read.
	SecretFiles []SecretFile
	// Warnings are about settings that work and are seldom meant.
	Warnings []string
	// Notes are worth knowing, and may not concern the service.
	Notes []string
}

// initial returns the settings before the environment is read, with the one default that is too long for a tag.
func initial() Settings {
	return Settings{
		PayCardOrigins: origins{"https://card.payments.service.gov.uk", "https://www.payments.service.gov.uk"},
	}
}

// Service is where the legacy service is. A service at a Unix socket has no host name: its URL is http://localhost.
type Service struct {
	*url.URL
	Socket string
}

// String returns the service as PAYGATE_UPSTREAM names it.
func (s Service) String() string {
	if s.Socket != "" {
		return "unix:" + s.Socket
	}
	return s.URL.String()
}

// Store is where journeys are stored.
type Store struct {
	Kind string // Bbolt or Postgres
	Path string // of the bbolt file, or the whole postgres:// URL, with its password
}

// The kinds of store.
const (
	Bbolt    = "bbolt"
	Postgres = "postgres"
)

// SecretFile is a file that a setting names.
type SecretFile struct{ Setting, Path string }
