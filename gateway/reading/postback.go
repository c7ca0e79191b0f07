package reading

import "regexp"

// postback are the fields by which ASP.NET Web Forms tell that a form comes back, whatever the method.
var postback = regexp.MustCompile(`(?i)^\s*__(?:EVENTTARGET|EVENTARGUMENT|VIEWSTATE|CALLBACKID|PREVIOUSPAGE)`)

// IsPostback reports whether ASP.NET takes a parameter of a query for the mark of a form that comes back.
func IsPostback(f Field) bool { return inSomeDecoding(f.Name, postback.MatchString) }
