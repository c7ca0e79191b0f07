package sample

import (
	"fmt"
	"net/http"
	"sync"
)

// application is one licence applied for.
type application struct {
	Number, Name, Email, Born, Licence string
	Photo                              upload
	Reference                          string // the payment's, if whoever is in front of the service named one
}

// LicenceName is the licence's name in English and in Welsh.
func (a application) LicenceName() licence {
	found, _ := findLicence(a.Licence)
	return found
}

// keep records an application. The reference is the one thing a later version of the service was taught about payments.
func (s *Service) keep(r *http.Request, a application) application {
	a.Reference = r.Header.Get("Paygate-Reference")
	return s.applications.add(a)
}

// applications are all that were kept, in the order of their numbers.
type applications struct {
	mu  sync.Mutex
	all []application
}

// add gives the application its number: RVM-0001 and on.
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
