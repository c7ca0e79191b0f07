package match_test

import (
	"bufio"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"paygate/gateway/form"
	"paygate/gateway/match"
	"paygate/gateway/origin"
)

// A service takes applications for licences at one address, with two buttons: "pay" costs money, "save" does not.
func ExampleClassifier_Classify() {
	apply, _ := match.ParsePattern("POST /licences/apply")
	classifier := match.New(match.Options{
		Origins: origin.List{&url.URL{Scheme: "https", Host: "apply.example"}},
		Prefix:  "/_pay",
		Routes: []match.Route{{
			Name: "licence", Match: apply, Strict: true, When: &form.Condition{Field: "action", Value: "pay"},
		}},
	})
	actions := map[match.Action]string{
		match.Forward: "forward", match.Refuse: "refuse", match.Pay: "hold until it is paid",
	}

	for _, line := range []string{
		"POST /contact",                  // another address
		"POST /licences/apply",           // the pay route
		"GET /licences/apply",            // its empty form
		"POST /licences//%61pply",        // what nginx takes for the pay route
		"POST /licences/apply.json",      // what Rails may take for it
		"POST /licences/apply/documents", // what PHP may take for it
	} {
		text := line + " HTTP/1.1\r\nHost: apply.example\r\n\r\n"
		request, _ := http.ReadRequest(bufio.NewReader(strings.NewReader(text)))
		decision := classifier.Classify(request)
		if decision.Action == match.Pay { // which button was it?
			pay := form.Submission{Form: form.Form{Fields: []form.Field{{Name: "action", Value: "pay"}}}}
			save := form.Submission{Form: form.Form{Fields: []form.Field{{Name: "action", Value: "save"}}}}
			fmt.Printf("%s, pay: %s\n", line, actions[decision.WithForm(pay).Action])
			fmt.Printf("%s, save: %s\n", line, actions[decision.WithForm(save).Action])
			continue
		}
		fmt.Printf("%s: %s\n", line, actions[decision.Action])
	}

	// Output:
	// POST /contact: forward
	// POST /licences/apply, pay: hold until it is paid
	// POST /licences/apply, save: forward
	// GET /licences/apply: forward
	// POST /licences//%61pply: refuse
	// POST /licences/apply.json: refuse
	// POST /licences/apply/documents: refuse
}
