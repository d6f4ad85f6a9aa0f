package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
)

// token asks the provider for an access token, as a machine does.
func (g *gateway) token() (string, error) {
	form := url.Values{"grant_type": {"client_credentials"}, "scope": {"http://bench/read"}}
	r, err := http.NewRequest(http.MethodPost, "http://"+g.provider+"/oauth2/token", strings.NewReader(form.Encode()))
	if err != nil {
		return "", err
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.SetBasicAuth(machine, machineSecret)
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	var got struct {
		Token string `json:"access_token"`
	}
	if err := json.NewDecoder(answer.Body).Decode(&got); err != nil || got.Token == "" {
		return "", fmt.Errorf("token endpoint: status %d, %v", answer.StatusCode, err)
	}
	return got.Token, nil
}

var (
	formAction  = regexp.MustCompile(`<form name="cognitoSignInForm"[^>]*action="([^"]+)"`)
	hiddenField = regexp.MustCompile(`<input type="hidden" name="([^"]+)" value="([^"]*)"`)
)

// signIn opens a page behind the gateway as a browser does, signs in at the provider's page, and returns the cookies that the
// gateway then has set.
func (g *gateway) signIn(page string) (string, error) {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return "", err
	}
	browser := &http.Client{Jar: jar}
	start := "http://" + g.server.Addr + page
	r, err := http.NewRequest(http.MethodGet, start, nil)
	if err != nil {
		return "", err
	}
	r.Header.Set("Accept", "text/html")
	at, text, err := follow(browser, r)
	if err != nil {
		return "", err
	}
	action := formAction.FindStringSubmatch(text)
	if action == nil {
		return "", fmt.Errorf("no sign-in form at %s: %s", at, text)
	}
	form := url.Values{"username": {person}, "password": {password}}
	for _, m := range hiddenField.FindAllStringSubmatch(text, -1) {
		if !form.Has(m[1]) {
			form.Set(m[1], html.UnescapeString(m[2]))
		}
	}
	to, err := at.Parse(html.UnescapeString(action[1]))
	if err != nil {
		return "", err
	}
	if r, err = http.NewRequest(http.MethodPost, to.String(), strings.NewReader(form.Encode())); err != nil {
		return "", err
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if at, text, err = follow(browser, r); err != nil {
		return "", err
	}
	if at.Host != g.server.Addr {
		return "", fmt.Errorf("the sign-in ended at %s: %s", at, text)
	}
	var cookies []string
	for _, c := range jar.Cookies(at) {
		if strings.HasPrefix(c.Name, "session") {
			cookies = append(cookies, c.Name+"="+c.Value)
		}
	}
	if len(cookies) == 0 {
		return "", errors.New("the gateway has set no session cookie")
	}
	return strings.Join(cookies, "; "), nil
}

// follow sends a request, follows redirects, and returns where that has led and what is there.
func follow(browser *http.Client, r *http.Request) (*url.URL, string, error) {
	answer, err := browser.Do(r)
	if err != nil {
		return nil, "", err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(io.LimitReader(answer.Body, 1<<20))
	if err == nil && answer.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: status %d: %.300s", answer.Request.URL, answer.StatusCode, text)
	}
	return answer.Request.URL, string(text), err
}
