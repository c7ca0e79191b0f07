// Package heavytests is a module of its own for the tests that need large libraries: one that drives a browser, and one
// that reads OpenAPI descriptions. So nothing else has to compile these libraries. The tests are in the packages below,
// each named for what it tests.
package heavytests
