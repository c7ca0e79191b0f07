package matching

import "paygate/internal/testserver"

// Header lines with the type of a body.
const (
	formType      = testserver.FormType
	jsonType      = "Content-Type: application/json\r\n"
	multipartType = "Content-Type: multipart/form-data; boundary=b\r\n"
	textType      = "Content-Type: text/plain\r\n"
)

// get returns a request without a body.
func get(target string) string {
	return "GET " + target + " HTTP/1.1\r\nHost: apply.example.org\r\n\r\n"
}

// post returns a request with a body.
func post(target, header, body string) string {
	return testserver.Request("POST "+target, header, body)
}

// part returns the part of a multipart form that holds a field; end follows the last one.
func part(name, value string) string {
	return "--b\r\nContent-Disposition: form-data; name=\"" + name + "\"\r\n\r\n" + value + "\r\n"
}

const end = "--b--\r\n"

// applyForm returns a form for the licence route.
func applyForm(body string) string { return applyWith(formType, body) }

// applyWith returns a request with a body for the licence route.
func applyWith(header, body string) string {
	return post("/licences/apply", header, body)
}

// pricedForm returns a form for the route with a choice of prices.
func pricedForm(body string) string { return pricedWith(formType, body) }

// pricedWith returns a request with a body for the route with a choice of prices.
func pricedWith(header, body string) string {
	return post("/licences/priced", header, body)
}
