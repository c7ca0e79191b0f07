package sample

import (
	"fmt"
	"net/http"
	"sync"
)

// application is an application for one licence.
type application struct {
	Number, Name, Email, Born, Licence string
	Photo                              upload
	Reference                          string // of the payment, if the gateway sent one
}

// LicenceName returns the licence's name in English and in Welsh.
func (a application) LicenceName() licence {
	found, _ := findLicence(a.Licence)
	return found
}

// store records an application. The payment reference is the only thing that the service knows about payments.
func (s *Service) store(r *http.Request, a application) application {
	a.Reference = r.Header.Get("Paygate-Reference")
	return s.applications.add(a)
}

// applications lists all applications in the order of their numbers.
type applications struct {
	mu  sync.Mutex
	all []application
}

// add gives the application its number, from RVM-0001 on.
func (a *applications) add(one application) application {
	a.mu.Lock()
	defer a.mu.Unlock()
	one.Number = fmt.Sprintf("RVM-%04d", len(a.all)+1)
	a.all = append(a.all, one)
	return one
}

func (a *applications) find(number string) (found application, ok bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, one := range a.all {
		if one.Number == number {
			return one, true
		}
	}
	return application{}, false
}
