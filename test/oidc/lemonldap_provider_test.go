package oidc_test

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// lemonldapPortal is the program that plackup runs. The portal insists on a captcha module, the one it has needs ImageMagick.
const lemonldapPortal = `
package Lemonldap::NG::Portal::Captcha::None;
use Mouse;
extends 'Lemonldap::NG::Portal::Main::Plugin';
sub init { 1 }
package main;
$INC{'Lemonldap/NG/Portal/Captcha/None.pm'} = __FILE__;
require Lemonldap::NG::Portal;
Lemonldap::NG::Portal->run({});
`

const lemonldapSettings = `
[all]
logLevel = error
[configuration]
type = File
dirName = %[1]s/conf
localStorage = Cache::FileCache
localStorageOptions = {'namespace' => 'configuration', 'default_expires_in' => 600, 'directory_umask' => '007', 'cache_root' => '%[1]s/cache', 'cache_depth' => 3}
[portal]
staticPrefix = /static
templateDir = /usr/share/lemonldap-ng/portal/templates
languages = en
`

// party is what the portal knows of a client, by the names of its settings without their prefix.
type party map[string]any

// startLemonldap runs the portal at localhost with its demonstration users, and returns its URL.
func startLemonldap(t *testing.T, plackup string, parties map[string]party) string {
	t.Helper()
	folder := t.TempDir()
	for _, name := range []string{"conf", "cache", "sessions/lock", "lasting/lock"} {
		if err := os.MkdirAll(filepath.Join(folder, name), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	private, public := pems(t, key)
	_, port, _ := strings.Cut(freeAddress(t), ":")
	base := "http://localhost:" + port + "/"
	storage := func(name string) map[string]any {
		return map[string]any{"Directory": filepath.Join(folder, name), "LockDirectory": filepath.Join(folder, name, "lock"),
			"generateModule": "Lemonldap::NG::Common::Apache::Session::Generate::SHA256"}
	}
	options, exported := map[string]any{}, map[string]any{}
	for id, p := range parties {
		all := map[string]any{}
		for name, value := range p {
			all["oidcRPMetaDataOptions"+name] = value
		}
		options[id], exported[id] = all, map[string]any{"email": "mail", "name": "cn"}
	}
	conf := map[string]any{
		"cfgNum": 1, "cfgVersion": "2.16.1", "cfgAuthor": "test", "cfgDate": time.Now().Unix(), "key": "0123456789abcdef",
		"portal": base, "domain": "localhost", "cookieName": "lemonldap", "securedCookie": 0, "timeout": 3600,
		"authentication": "Demo", "userDB": "Same", "passwordDB": "Null", "registerDB": "Null", "captcha": "::Captcha::None", "portalDisplayRegister": 0,
		"demoExportedVars": map[string]any{"cn": "cn", "mail": "mail", "uid": "uid"}, "exportedVars": map[string]any{}, "groups": map[string]any{},
		"macros": map[string]any{"_whatToTrace": "lc($_user)"}, "whatToTrace": "_whatToTrace", "applicationList": map[string]any{},
		"locationRules": map[string]any{"localhost": map[string]any{"default": "accept"}}, "exportedHeaders": map[string]any{},
		"globalStorage": "Apache::Session::File", "globalStorageOptions": storage("sessions"),
		"persistentStorage": "Apache::Session::File", "persistentStorageOptions": storage("lasting"),
		"localSessionStorage": "Cache::FileCache", "localSessionStorageOptions": map[string]any{"cache_depth": 3, "cache_root": filepath.Join(folder, "cache"),
			"default_expires_in": 600, "directory_umask": "007", "namespace": "sessions"},
		"issuerDBOpenIDConnectActivation": 1, "oidcServiceAllowAuthorizationCodeFlow": 1, "oidcServicePrivateKeySig": private,
		"oidcServicePublicKeySig": public, "oidcServiceKeyIdSig": "one", "oidcRPMetaDataOptions": options, "oidcRPMetaDataExportedVars": exported,
	}
	text, err := json.Marshal(conf)
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string]string{"conf/lmConf-1.json": string(text), "portal.psgi": lemonldapPortal, "lemonldap-ng.ini": fmt.Sprintf(lemonldapSettings, folder)} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	run(t, []string{"LLNG_DEFAULTCONFFILE=" + filepath.Join(folder, "lemonldap-ng.ini")}, plackup, "-E", "deployment", "--host", "127.0.0.1", "--port", port,
		filepath.Join(folder, "portal.psgi"))
	await(t, "127.0.0.1:"+port)
	return base
}

var iframeTag = regexp.MustCompile(`<iframe[^>]*src="([^"]*)"`)

// openIframes asks for the pages that a page shows inside of it.
func openIframes(u *user, text []byte) {
	for _, m := range iframeTag.FindAllSubmatch(text, -1) {
		response, err := u.Get(strings.ReplaceAll(string(m[1]), "&amp;", "&"))
		if err != nil {
			u.t.Fatal(err)
		}
		response.Body.Close()
		if response.StatusCode != http.StatusOK {
			u.t.Errorf("%s: %d", m[1], response.StatusCode)
		}
	}
}
