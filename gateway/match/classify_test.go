package match

import (
	"bufio"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paygate/gateway/form"
	"paygate/gateway/origin"
)

// requestOf returns a request as net/http parses what a client wrote.
func requestOf(t testing.TB, method, target string) *http.Request {
	t.Helper()
	text := method + " " + target + " HTTP/1.1\r\nHost: apply.example\r\n\r\n"
	r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(text)))
	require.NoError(t, err)
	return r
}

func patternOf(t testing.TB, text string) Pattern {
	t.Helper()
	p, err := ParsePattern(text)
	require.NoError(t, err)
	return p
}

func optionsOf(routes ...Route) Options {
	return Options{Origins: origin.List{{Host: "apply.example"}}, Prefix: "/_pay", Routes: routes}
}

func classifierOf(t testing.TB, matches ...string) *Classifier {
	t.Helper()
	routes := make([]Route, len(matches))
	for i, m := range matches {
		routes[i] = Route{Name: fmt.Sprint("route-", i), Match: patternOf(t, m)}
		routes[i].Strict = routes[i].Match.Method() != http.MethodGet
	}
	return New(optionsOf(routes...))
}

func TestClassifyNeverForwardsASpellingOfAPayPath(t *testing.T) {
	c := classifierOf(t, "POST /licences/apply")
	for class, targets := range map[string][]string{
		"slash": {
			"/licences//apply", "/licences/apply/", "/licences/apply//", "/licences%2fapply", "/licences%2Fapply",
		},
		"dot": {
			"/licences/./apply", "/x/../licences/apply", "/../licences/apply", "/licences/apply/.",
			"/licences/apply/x/..", "/x/%2e%2e/licences/apply", "/licences/%2e/apply", "/licences/../apply",
			"/licen../ces/apply",
		},
		"half decoded": {
			"/x%2fy/%2e%2e/licences/apply", "/licences/x%2fy/%2e%2e/apply", "/x%252fy/%252e%252e/licences/apply",
			"/x%5cy/%2e%2e/licences/apply",
		},
		"accents": {
			"/lic%c3%a9nces/apply", "/licences/appl%c3%bd", "/lic%e9nces/apply", "/%c5%82icences/apply",
			"/licences/apply%cc%81", "/lic%e4%b8%adences/apply",
		},
		"tags": {"/licences/ap<b>ply", "/lic%3cb%3eences/apply", "/licences/apply%3cb"},
		"encoded": {
			"/licences/%61pply", "/%6c%69%63%65%6e%63%65%73/apply", "/licences/%2561pply", "/licences/%25252561pply",
			"/licences%252fapply",
		},
		"parameters": {
			"/licences;x=1/apply/", "/x/..;/licences/apply", "/;/licences/apply", "/licences/apply%3bjsessionid=1",
			"/licences/apply;a/b/..",
		},
		"case": {"/Licences/Apply", "/LICENCES/APPLY", "/licence%C5%BF/apply"},
		"trailing": {
			"/licences/apply.", "/licences/apply%20", "/licences/apply%09", "/licences/apply%0a",
			"/licences/apply%c2%a0", "/licences/apply..", "/licences./apply", "/licences/apply%20.",
		},
		"nul":       {"/licences/apply%00", "/licences/apply%00.html", "/licences/apply%2500"},
		"streams":   {"/licences/apply::$DATA", "/licences/apply:$DATA", "/licences:$i30:$INDEX_ALLOCATION/apply"},
		"backslash": {"/licences%5capply", "/x%5c..%5clicences/apply", "/licences/apply%5c"},
		"delimiters": {
			"/licences/apply%3f", "/licences/apply%3fx=1", "/licences/apply%23", "/licences/apply%23x",
			"/public%23/../licences/apply", "/public%3f/../licences/apply",
		},
		"unicode": {
			"/licences/%25u0061pply", "/licences%25u002fapply", "/licences/%ef%bd%81pply", "/licences%ef%bc%8fapply",
			"/licences%e2%88%95apply", "/licences%e2%81%84apply",
		},
		"overlong": {
			"/licences%c0%afapply", "/licences/%c1%a1pply", "/licences%e0%80%afapply", "/licences%c0%2fapply",
			"/licences%f0%80%80%afapply",
		},
		"broken text": {
			"/licences/ap%ffply", "/licences/ap%01ply", "/licences/apply%a0", "/licences/ap%c2%adply",
			"/licences/ap%e2%80%8bply", "/licences/apply+",
		},
		"tickets": {
			"/(S(abc))/licences/apply", "/licences/(S(abc))/apply", "/licences/ap/(S(abc))ply",
			"/(A(x)F(y))/licences/apply", "/licences/ap(S(abc))ply",
		},
		"suffix": {
			"/licences/apply.json", "/licences/apply.php", "/licences/apply.php.bak", "/licences/apply.phtml7",
			"/licences/apply.css", "/licences/apply@x", "/licences/apply,x", "/licences/apply<b>/x",
		},
		"path info": {"/licences/apply/x", "/licences/apply/x.css", "/licences/apply.php/x", "/licences.php/apply"},
		"scripts": {
			"/index.php/licences/apply", "/app.php/licences/apply", "/web.php/licences/apply", "/index/licences/apply",
			"/.php/licences/apply", "/licences/index.php/apply", "/licences/web.php/apply.json",
			"/licences/web/index.php/apply", "/index.phplicences/apply", "/Index.PHPlicences/apply/x",
			"/x.php/a.phplicences/apply", "/licences/index.phpapply",
		},
		"short names": {"/LICENC~1/apply", "/licences/apply~1", "/li1A2B~1/apply"},
	} {
		for _, target := range targets {
			t.Run(class+" "+target, func(t *testing.T) {
				got := c.Classify(requestOf(t, "POST", target)).Action
				require.NotEqual(t, Forward, got)
			})
		}
	}
}

func TestClassifyRefusesTargetsThatNoBrowserSends(t *testing.T) {
	c := classifierOf(t, "POST /licences/apply")
	for _, target := range []string{
		"//x", "//", "/#", "/a#b", "/a\\b", "/\\x", "/caf\xe9", "/?q=\xe9", "http:licences/apply",
		"http://other.example/", "http://u@apply.example/", "*", "licences/apply",
	} {
		r := requestOf(t, "GET", "/")
		r.RequestURI = target
		require.Equal(t, Refuse, c.Classify(r).Action, target)
	}
	for _, method := range []string{"CONNECT", "TRACE", "PRI", "post", "Post", "GOT", "PROPFIND"} {
		r := requestOf(t, "GET", "/")
		r.Method = method
		require.Equal(t, Refuse, c.Classify(r).Action, method)
	}
}

func TestClassifyForwardsHarmlessTargets(t *testing.T) {
	c := classifierOf(t, "POST /licences/apply", "GET /certificates/{id}", "POST /index.php?page=apply")
	for _, line := range []string{
		"GET /", "POST /", "GET /licences/apply", "GET /licences/apply/", "GET /Licences/Apply?a=1;b=2",
		"GET /licences/apply;jsessionid=1",
		"HEAD /licences/apply", "OPTIONS /licences/apply", "POST /licences/applyfor", "POST /licences/applications",
		"POST /licences",
		"GET /a%20b/c%2Fd", "GET /a//b", "GET /a/./b", "GET /caf%C3%A9", "GET /x?x=100%", "GET /x?", "GET /a|b",
		"GET /a{b}\"<>^`", "POST /a;b=c/d",
		"GET /certificates", "GET /certificates/", "GET /certificates/1/pages", "POST /index.php?page=home",
		"POST /index.php?page=",
		"PUT /files/My%20File%20(1).PDF", "DELETE /licences/1", "GET /~user/", "POST /v1/items:archive",
	} {
		method, target, _ := strings.Cut(line, " ")
		require.Equal(t, Forward, c.Classify(requestOf(t, method, target)).Action, line)
	}
}

func TestClassifyFindsTheExactPath(t *testing.T) {
	c := classifierOf(
		t, "POST /licences/apply", "GET /certificates/{id}", "GET /files/{path...}",
		"POST /index.php?page=apply&step=2",
	)
	for line, want := range map[string]Decision{
		"POST /licences/apply":                   {Path: "/licences/apply"},
		"POST /licences/apply?a=1;b=2":           {Path: "/licences/apply", Target: Target{Query: "a=1;b=2"}},
		"POST /licences/apply;jsessionid=A1.b!2": {Path: "/licences/apply"},
		"GET /certificates/A.1~x_-": {
			Path: "/certificates/A.1~x_-", Captured: map[string]string{"id": "A.1~x_-"},
		},
		"HEAD /certificates/1": {Path: "/certificates/1", Captured: map[string]string{"id": "1"}},
		"GET /files/a/b.pdf": {
			Path: "/files/a/b.pdf", Captured: map[string]string{"path": "a/b.pdf"},
		},
		"POST /index.php?x=1&page=apply&step=2": {
			Path: "/index.php", Target: Target{Query: "x=1&page=apply&step=2"},
		},
		"POST /index.php?page=%61pply&step=2&next": {
			Path: "/index.php", Target: Target{Query: "page=%61pply&step=2&next"},
		},
	} {
		method, target, _ := strings.Cut(line, " ")
		t.Run(line, func(t *testing.T) {
			got := c.Classify(requestOf(t, method, target))
			require.Equal(t, Pay, got.Action)
			require.Equal(t, want.Path, got.Path)
			require.Equal(t, want.Target.Query, got.Target.Query)
			for name, value := range want.Captured {
				require.Equal(t, value, got.Captured[name])
			}
		})
	}
}

func TestWildcardsMatchNoDotSegments(t *testing.T) {
	c := classifierOf(t, "POST /cheap/{a}/{b}", "POST /dear/apply", "POST /files/{path...}")
	for _, target := range []string{
		"/cheap/../dear/", "/cheap/./x", "/cheap/x/..", "/files/../dear/apply", "/files/a/../../dear/apply",
	} {
		require.Equal(t, Refuse, c.Classify(requestOf(t, "POST", target)).Action, target)
	}
}

func TestWildcardsMatchNoSpellingOfADearerPath(t *testing.T) {
	c := classifierOf(t, "POST /licences/{id}", "POST /licences/apply")
	for _, target := range []string{"/licences/APPLY", "/licences/apply.", "/licences/Apply"} {
		require.Equal(t, Refuse, c.Classify(requestOf(t, "POST", target)).Action, target)
	}
}

func TestNamesThatWildcardsDoNotMatchAreNotFree(t *testing.T) {
	c := classifierOf(t, "GET /certificates/{id}", "POST /licences/{id}/pay")
	for _, line := range []string{
		"GET /certificates/caf%C3%A9", "GET /certificates/a%20b", "GET /certificates/a,b", "GET /certificates/1%00",
		"POST /licences/a%20b/pay", "POST /licences/a@b/pay",
	} {
		method, target, _ := strings.Cut(line, " ")
		require.NotEqual(t, Forward, c.Classify(requestOf(t, method, target)).Action, line)
	}
}

func TestClassifyRefusesUnclearQueries(t *testing.T) {
	c := classifierOf(t, "POST /index.php?page=licences/apply")
	for _, query := range []string{
		"page=licences/apply&page=home", "page=home&page=licences/apply", "PAGE=licences/apply",
		"page=Licences/Apply", "page[]=licences/apply",
		"page=licences/apply%00", "page=licences/apply/", "page=%20licences/apply", "page=licences/apply+",
		"page=./licences/apply",
		"page=licences%252fapply", "page=licences//apply", "a=1;page=licences/apply", "page%00=licences/apply",
		"[page]=licences/apply", "]page=licences/apply", "!page=licences/apply", "page[=licences/apply",
		"m.page=licences/apply", "m[page]=licences/apply", "%EF%BB%BFpage=licences/apply",
		"p%2561ge=licences/apply", "p%u0061ge=licences/apply", "page=%EF%BD%8Cicences/apply", "page=licences%5Capply",
		"page=licences/%u0061pply", "page=licences/apply%EF%BB%BF", "page=/licences/apply?x",
		"page=home&page=licences/apply;page=home", "x=%zz&page[0]=licences/apply", "page=licences/apply;x",
		"page=licences/apply&page", "%70%61%67%65[]=licences/apply", "page=licences/x/../apply",
		"page=" + strings.Repeat("%20", 1000),
		strings.Repeat("page=x&", 20) + "page=licences/apply", strings.Repeat("m.page=x&", 20),
	} {
		require.Equal(t, Refuse, c.Classify(requestOf(t, "POST", "/index.php?"+query)).Action, query)
	}
	for _, query := range []string{
		"", "page=home", "page=licences", "homepage=licences/apply", "page=licences/applying",
		"x=page=licences/apply", "pages=licences/apply", "page_id=licences/apply", "Page=home;x=1",
		"m.page=2&page=home",
	} {
		require.Equal(t, Forward, c.Classify(requestOf(t, "POST", "/index.php?"+query)).Action, query)
	}
	require.Equal(
		t, Pay, c.Classify(requestOf(t, "POST", "/index.php?page=licences/apply&results[page]=2&m.page=3")).Action,
		"the page of something else",
	)
	require.Equal(
		t, Pay, c.Classify(requestOf(t, "POST", "/index.php?page=licences%2Fapply")).Action,
		"a form that is sent by a browser escapes the slash",
	)
}

func TestConditionsOnNumbersMatchEverySpelling(t *testing.T) {
	c := classifierOf(t, "GET /download.php?id=7")
	for _, id := range []string{
		"07", "+7", "%207", "7%20", "7.0", "7abc", "7-permit", "7:permit", "0x7", "7e0", "%EF%BC%97", "%D9%A7",
		"7%00", "0_7", "007",
	} {
		require.NotEqual(t, Forward, c.Classify(requestOf(t, "GET", "/download.php?id="+id)).Action, id)
	}
	for _, id := range []string{"", "8", "70", "17", "0", "-7", "seven", "0.7", "x7"} {
		require.Equal(t, Forward, c.Classify(requestOf(t, "GET", "/download.php?id="+id)).Action, id)
	}
}

func TestTheFolderOfAnIndexDocumentIsNotFree(t *testing.T) {
	c := classifierOf(t, "POST /index.php?page=apply", "POST /shop/index.php", "POST /pay.php")
	for _, target := range []string{"/?page=apply", "/shop/", "/shop", "/pay"} {
		require.NotEqual(t, Forward, c.Classify(requestOf(t, "POST", target)).Action, target)
	}
}

func TestTwoPagesOfOneFrontControllerDoNotClash(t *testing.T) {
	require.False(t, patternOf(t, "POST /index.php?page=a").Clashes(patternOf(t, "POST /index.php?page=b")))
	require.True(t, patternOf(t, "POST /index.php?page=a").Clashes(patternOf(t, "POST /index.php?step=b")))
	require.True(t, patternOf(t, "POST /{a}/x").Clashes(patternOf(t, "POST /x/{b}")))
	require.False(t, patternOf(t, "POST /{a}/x").Clashes(patternOf(t, "POST /y/x")))
	require.True(t, patternOf(t, "POST /a/{x}").Clashes(patternOf(t, "POST /a/{y}")))
}

func TestClassifyRedirectsAGetInAnotherSpelling(t *testing.T) {
	c := classifierOf(t, "GET /files/certificate", "GET /certificates/{id}")
	for target, want := range map[string]string{
		"/files/certificate/":       "/files/certificate",
		"/files//certificate":       "/files/certificate",
		"/Files/Certificate":        "/files/certificate",
		"/files/%63ertificate?a=1;": "/files/certificate",
		"/x/../certificates/A1":     "/certificates/A1",
	} {
		got := c.Classify(requestOf(t, "GET", target))
		require.Equal(t, Redirect, got.Action, target)
		require.Equal(t, want, got.Path)
	}
}

func TestAllowOverridesOnlyStrictMatches(t *testing.T) {
	route := Route{
		Name: "licence", Match: patternOf(t, "POST /licences/apply"), Strict: true,
		Allow: []Pattern{patternOf(t, "POST /licences/apply/{what}")},
	}
	c := New(optionsOf(route))
	require.Equal(t, Forward, c.Classify(requestOf(t, "POST", "/licences/apply/documents")).Action)
	require.Equal(t, Refuse, c.Classify(requestOf(t, "PUT", "/licences/apply/documents")).Action)
	require.Equal(t, Refuse, c.Classify(requestOf(t, "POST", "/licences/apply/..")).Action)
	require.Equal(t, Refuse, c.Classify(requestOf(t, "POST", "/licences/apply/.")).Action)
}

func TestClassifyBoundsTheTimeForHostileTargets(t *testing.T) {
	c := classifierOf(t, "POST /licences/apply")
	for name, unit := range map[string]string{
		"escapes": "%2525252f", "dots": "/x/..;a/%2e", "mixed": "/a%5c..;x%3a%00%23%3f%c0%af%25u0061+(S(x))",
		"strict": "/a.php/index.php", "nested": "%25",
	} {
		t.Run(name, func(t *testing.T) {
			target := "/" + strings.Repeat(unit, 60_000/len(unit))
			r := requestOf(t, "POST", "/")
			r.RequestURI = target
			began := time.Now()
			action := c.Classify(r).Action
			t.Logf("%s: %v", name, time.Since(began))
			require.True(t, Interpret(target).Complete() || action == Refuse,
				"a path with too many interpretations is not free")
		})
	}
}

// A service may take the method from a field (_method), which the classifier does not see.
func TestAllowOpensNoPayPathToAnotherMethod(t *testing.T) {
	record := Route{Name: "record", Match: patternOf(t, "PUT /records/{id}"), Strict: true, Allow: []Pattern{
		patternOf(t, "POST /records/search"), patternOf(t, "POST /records/{id}"),
	}}
	certificate := Route{
		Name: "certificate", Match: patternOf(t, "GET /certificates/{id}"),
		Allow: []Pattern{patternOf(t, "POST /certificates/{id}")},
	}
	search := Route{Name: "search", Match: patternOf(t, "POST /certificates/search"), Free: true}
	c := New(optionsOf(record, certificate, search))
	for _, target := range []string{
		"/records/search", "/records/search?_method=PUT", "/records/7", "/certificates/7?_method=GET",
	} {
		require.Equal(t, Refuse, c.Classify(requestOf(t, "POST", target)).Action, target)
	}
	require.True(
		t, c.Classify(requestOf(t, "POST", "/certificates/search")).IsFree(),
		"a route of its own, whose MODE is free, declares it",
	)
}

// routeOf returns a route with strict matching.
func routeOf(t testing.TB, match string) Route {
	t.Helper()
	return Route{Name: match, Match: patternOf(t, match), Strict: true}
}

// A wildcard of a route that is free at the moment matches the spelling too.
func TestAFreeNeighbourMakesNoSpellingFree(t *testing.T) {
	for _, neighbour := range []string{"GET /licences/{id}", "POST /licences/{id}", "GET /{path...}"} {
		free := routeOf(t, neighbour)
		free.Free = true
		c := New(optionsOf(free, routeOf(t, "POST /licences/apply")))
		for _, target := range []string{
			"/licences/APPLY", "/licences/apply.", "/licences/apply.json", "/licences/apply.php", "/Licences/apply",
		} {
			require.Equal(t, Refuse, c.Classify(requestOf(t, "POST", target)).Action, "%s beside %s", target, neighbour)
		}
		require.NotEqual(t, Refuse, c.Classify(requestOf(t, "POST", "/licences/5")).Action, neighbour)
	}
}

// To Rails, /licences/apply.json is /licences/apply in another format.
func TestWildcardsMatchNoStrictMatchOfADearerPath(t *testing.T) {
	cheap, dear := routeOf(t, "POST /licences/{id}"), routeOf(t, "POST /licences/apply")
	dear.Allow = []Pattern{patternOf(t, "POST /licences/apply.v2")}
	c := New(optionsOf(cheap, dear))
	require.ErrorIs(t, c.Classify(requestOf(t, "POST", "/licences/apply.json")).Reason, ErrHandler)
	for _, target := range []string{"/licences/5.json", "/licences/applied", "/licences/apply.v2"} {
		got := c.Classify(requestOf(t, "POST", target))
		require.Equal(t, Pay, got.Action, target)
		require.Equal(t, cheap.Name, got.Route.Name, target)
	}
}

// A front controller that gets the path as a parameter uses the last parameter of that name.
func TestWildcardsMatchNoNameThatLeadsToAnotherRoute(t *testing.T) {
	for _, isFree := range []bool{false, true} {
		download := routeOf(t, "GET /download/{name}")
		download.Free = isFree
		c := New(optionsOf(download, routeOf(t, "GET /register"), routeOf(t, "GET /download/{name}/")))
		require.Equal(t, Refuse, c.Classify(requestOf(t, "GET", "/download/x&url=register")).Action)
		for _, target := range []string{"/download/x&y=z.pdf", "/download/register", "/download/x/"} {
			require.Equal(t, Pay, c.Classify(requestOf(t, "GET", target)).Action, target)
		}
	}
}

func TestParametersInAPathMeetConditionsOnTheQuery(t *testing.T) {
	c := New(optionsOf(routeOf(t, "POST /index.php?page=apply")))
	for _, target := range []string{
		"/index.php&page=apply", "/index.php%3Fpage=apply", "/index.php%253fpage=apply", "/index.php/;page=apply",
		"/&page=apply",
	} {
		require.Equal(t, Refuse, c.Classify(requestOf(t, "POST", target)).Action, target)
	}
	for _, target := range []string{"/index.php&page=home", "/index.php;jsessionid=1?page=home", "/a&page=apply"} {
		require.Equal(t, Forward, c.Classify(requestOf(t, "POST", target)).Action, target)
	}
	require.Equal(t, Pay, c.Classify(requestOf(t, "POST", "/index.php;jsessionid=1?page=apply")).Action)
}

func TestClassifyRefusesAPostInAnotherSpelling(t *testing.T) {
	c := classifierOf(t, "POST /licences/apply")
	for _, target := range []string{"/licences//apply", "/licences/apply/", "/licences/%61pply"} {
		require.Equal(t, Refuse, c.Classify(requestOf(t, "POST", target)).Action, target)
	}
}

func BenchmarkClassify(b *testing.B) {
	c := classifierOf(b, "POST /licences/apply", "GET /certificates/{id}", "POST /index.php?page=apply")
	for _, target := range []string{"/assets/site.css", "/Docs/My%20File%20(1).PDF?x=1"} {
		r := requestOf(b, "POST", target)
		b.Run(target, func(b *testing.B) {
			for b.Loop() {
				c.Classify(r)
			}
		})
	}
}

func TestALongQueryMayBeTheForm(t *testing.T) {
	t.Parallel()
	at := &rule{route: &Route{When: &form.Condition{Field: "action", Value: "pay"}}}
	refusal := func(query string) error { return at.refusesQuery(http.MethodGet, Target{Path: "/", Query: query}, nil) }
	require.ErrorIs(t, refusal(manyPairs(900, "x%%2525%d%%25")), ErrQueryForm)
	require.NoError(t, refusal(manyPairs(900, "x%d")))
}

// manyPairs returns a urlencoded form whose fields all differ.
func manyPairs(n int, pair string) string {
	var pairs strings.Builder
	for i := range n {
		fmt.Fprintf(&pairs, pair+"&", i)
	}
	return pairs.String()
}

func TestScriptThatGoesOnIsRefused(t *testing.T) {
	t.Parallel()
	c := classifierOf(t, "POST /licences/apply.php")
	for path, action := range map[string]Action{
		"/licences/apply.php-for-a-friend": Refuse, "/licences/apply.phpx/y": Refuse,
		"/licences/apply-for-a-friend.php": Forward,
	} {
		r := requestOf(t, http.MethodPost, "/")
		r.RequestURI = path
		require.Equal(t, action, c.Classify(r).Action, path)
	}
}
