package reading

import "regexp"

// postback are the fields by which ASP.NET Web Forms and JSF tell that a form comes back, whatever the method.
var postback = regexp.MustCompile(`(?i)^\s*(?:__(?:EVENTTARGET|EVENTARGUMENT|VIEWSTATE|CALLBACKID|PREVIOUSPAGE)|(?:javax|jakarta)\.faces\.ViewState)`)

// IsPostback reports whether a service takes a parameter of a query for the mark of a form that comes back.
func IsPostback(f Field) bool { return inSomeDecoding(f.Name, postback.MatchString) }
