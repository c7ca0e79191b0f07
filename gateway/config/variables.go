package config

import (
	"slices"
	"strings"

	"github.com/caarlos0/env/v11"
)

// prefix begins the name of every variable of ours.
const prefix = "PAYGATE_"

// variables are the settings as they are written: texts, with their defaults. Checking them is settings.go's business; a
// variable that is not here does not exist.
type variables struct {
	Upstream       string `env:"UPSTREAM"`
	UpstreamCAFile string `env:"UPSTREAM_CA_FILE"`
	UpstreamHost   string `env:"UPSTREAM_HOST"`
	PublicURL      string `env:"PUBLIC_URL"`

	PayAPIKey         string `env:"PAY_API_KEY"`
	PayMode           string `env:"PAY_MODE" envDefault:"live"`
	PayAPIURL         string `env:"PAY_API_URL" envDefault:"https://publicapi.payments.service.gov.uk"`
	PayCardOrigins    string `env:"PAY_CARD_ORIGINS" envDefault:"https://card.payments.service.gov.uk,https://www.payments.service.gov.uk"`
	PayWebhookSecrets string `env:"PAY_WEBHOOK_SECRETS"`
	PayRate           string `env:"PAY_RATE" envDefault:"10"`
	PayRateTotal      string `env:"PAY_RATE_TOTAL" envDefault:"10"`
	PayTimeout        string `env:"PAY_TIMEOUT" envDefault:"10s"`
	UpstreamTimeout   string `env:"UPSTREAM_TIMEOUT" envDefault:"60s"`

	Secrets     string `env:"SECRETS"`
	Store       string `env:"STORE" envDefault:"bbolt:paygate.db"`
	Routes      string `env:"ROUTES"`
	Listen      string `env:"LISTEN" envDefault:":8000"`
	TLSCertFile string `env:"TLS_CERT_FILE"`
	TLSKeyFile  string `env:"TLS_KEY_FILE"`

	StaffListen string `env:"STAFF_LISTEN" envDefault:"127.0.0.1:8001"`
	StaffTokens string `env:"STAFF_TOKENS"`
	StaffURL    string `env:"STAFF_URL"`
	StaffToken  string `env:"STAFF_TOKEN"`

	Prefix         string `env:"PREFIX" envDefault:"/_pay"`
	TrustedProxies string `env:"TRUSTED_PROXIES"`
	HoldMaxBytes   string `env:"HOLD_MAX_BYTES" envDefault:"10MiB"`
	ReplyMaxBytes  string `env:"REPLY_MAX_BYTES" envDefault:"1MiB"`
	KeepReply      string `env:"KEEP_REPLY" envDefault:"1h"`
	KeepJourneys   string `env:"KEEP_JOURNEYS" envDefault:"17520h"`
	Methods        string `env:"METHODS"`
	WebSockets     string `env:"WEBSOCKETS" envDefault:"on"`
	CardNumbers    string `env:"CARD_NUMBERS" envDefault:"refuse"`
	NextActions    string `env:"NEXT_ACTIONS" envDefault:"pass"`

	MopupEvery    string `env:"MOPUP_EVERY" envDefault:"30m"`
	MopupMinAge   string `env:"MOPUP_MIN_AGE" envDefault:"3h"`
	SecondLook    string `env:"SECOND_LOOK" envDefault:"24h"`
	CaptureMargin string `env:"CAPTURE_MARGIN" envDefault:"24h"`

	ServiceName   string `env:"SERVICE_NAME"`
	ServiceNameCY string `env:"SERVICE_NAME_CY"`
	Contact       string `env:"CONTACT"`
	ContactCY     string `env:"CONTACT_CY"`

	Language    string `env:"LANGUAGE" envDefault:"cookie:lang,query:lang"`
	LogLevel    string `env:"LOG_LEVEL" envDefault:"info"`
	LogFormat   string `env:"LOG_FORMAT" envDefault:"json"`
	SigningKeys string `env:"SIGNING_KEYS"`
	SigningAlg  string `env:"SIGNING_ALG" envDefault:"RS256"`
	Audience    string `env:"AUDIENCE"`
}

// routeVariables are those of one pay route, after PAYGATE_ROUTE_X_.
type routeVariables struct {
	Match          string `env:"MATCH"`
	When           string `env:"WHEN"`
	Price          string `env:"PRICE"`
	Prices         string `env:"PRICES"`
	PriceField     string `env:"PRICE_FIELD"`
	Description    string `env:"DESCRIPTION"`
	DescriptionCY  string `env:"DESCRIPTION_CY"`
	Reference      string `env:"REFERENCE" envDefault:"{random}"`
	Metadata       string `env:"METADATA"`
	Prefill        string `env:"PREFILL"`
	CardExempt     string `env:"CARD_EXEMPT"`
	Capture        string `env:"CAPTURE" envDefault:"on-accept"`
	Release        string `env:"RELEASE" envDefault:"confirmed"`
	Accept         string `env:"ACCEPT"`
	AcceptLocation string `env:"ACCEPT_LOCATION"`
	AcceptText     string `env:"ACCEPT_TEXT"`
	RefuseText     string `env:"REFUSE_TEXT"`
	ResubmitFor    string `env:"RESUBMIT_FOR" envDefault:"1h"`
	OnRefused      string `env:"ON_REFUSED" envDefault:"return"`
	RefusedPage    string `env:"REFUSED_PAGE" envDefault:"on"`
	Repeat         string `env:"REPEAT" envDefault:"never"`
	RetryFor       string `env:"RETRY_FOR" envDefault:"2h"`
	ReturnGrace    string `env:"RETURN_GRACE"`
	PassFor        string `env:"PASS_FOR" envDefault:"1h"`
	PassQuery      string `env:"PASS_QUERY"`
	GetQuery       string `env:"GET_QUERY" envDefault:"*"`
	Aliases        string `env:"ALIASES"`
	Allow          string `env:"ALLOW"`
	Strict         string `env:"STRICT" envDefault:"on"`
	Mode           string `env:"MODE" envDefault:"on"`
}

// secretVariables are never printed, and can be given as a file by the name with _FILE behind it.
var secretVariables = []string{
	"PAYGATE_PAY_API_KEY", "PAYGATE_PAY_WEBHOOK_SECRETS", "PAYGATE_SECRETS", "PAYGATE_STAFF_TOKENS", "PAYGATE_STORE",
}

// routePrefix begins the variables of the route with this name.
func routePrefix(name string) string {
	return prefix + "ROUTE_" + strings.ToUpper(strings.ReplaceAll(name, "-", "_")) + "_"
}

// KnownNames lists every variable that may be set, given the names of the routes.
func KnownNames(routes []string) []string {
	names := namesOf(&variables{}, prefix)
	for _, secret := range secretVariables {
		names = append(names, secret+"_FILE")
	}
	for _, route := range routes {
		names = append(names, namesOf(&routeVariables{}, routePrefix(route))...)
	}
	slices.Sort(names)
	return names
}

func namesOf(v any, prefix string) []string {
	params := paramsOf(v, prefix)
	names := make([]string, len(params))
	for i, p := range params {
		names[i] = p.Key
	}
	return names
}

func paramsOf(v any, prefix string) []env.FieldParams {
	params, err := env.GetFieldParamsWithOptions(v, env.Options{Prefix: prefix})
	if err != nil {
		panic(err) // the struct tags above are wrong
	}
	return params
}

// parse fills the texts from the environment. It cannot fail: every field is a text.
func parse[T any](environment map[string]string, prefix string) T {
	values, err := env.ParseAsWithOptions[T](env.Options{Environment: environment, Prefix: prefix})
	if err != nil {
		panic(err) // the struct tags above are wrong
	}
	return values
}
