package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
)

// provided is a gibbon process with its identity provider.
type provided struct {
	*process
	*cip.Client
	origin string
}

func startProvider(t *testing.T, folder string) *provided {
	t.Helper()
	address := freeAddress(t)
	p := &provided{process: startProcess(t, folder, "GIBBON_IDP_LISTEN="+address), origin: "http://" + address}
	p.Client = cip.New(cip.Options{Region: "us-west-2", BaseEndpoint: &p.origin, RetryMaxAttempts: 1,
		Credentials: credentials.NewStaticCredentialsProvider("AKIDEXAMPLE", "secret", "")})
	return p
}

// messages counts what the outbox has for an address.
func (p *provided) messages(t *testing.T, to string) int {
	t.Helper()
	answer, err := http.Get(p.origin + "/_gibbon/outbox?to=" + url.QueryEscape(to))
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	var list struct{ Messages []struct{ Code string } }
	if err := json.NewDecoder(answer.Body).Decode(&list); err != nil {
		t.Fatal(err)
	}
	return len(list.Messages)
}

const killPassword = "Passw0rd!"

// A process that is killed while users sign up and are made by administrators loses none that was acknowledged, and has none by half: each
// user is found by name, by sub and by filter, has got a message, and the right password is the right one. Tokens of before stay good.
func TestKillLosesNoUser(t *testing.T) {
	if testing.Short() {
		return
	}
	ctx, folder := t.Context(), filepath.Join(t.TempDir(), "data")
	p := startProvider(t, folder)
	made, err := p.CreateUserPool(ctx, &cip.CreateUserPoolInput{PoolName: aws.String("pool"), UsernameAttributes: []types.UsernameAttributeType{"email"},
		AutoVerifiedAttributes: []types.VerifiedAttributeType{"email"}})
	if err != nil {
		t.Fatal(err)
	}
	pool := made.UserPool.Id
	app, err := p.CreateUserPoolClient(ctx, &cip.CreateUserPoolClientInput{UserPoolId: pool, ClientName: aws.String("app"),
		ExplicitAuthFlows: []types.ExplicitAuthFlowsType{"ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"}})
	if err != nil {
		t.Fatal(err)
	}
	client := app.UserPoolClient.ClientId
	signIn := func(p *provided, name string) (*cip.InitiateAuthOutput, error) {
		return p.InitiateAuth(ctx, &cip.InitiateAuthInput{ClientId: client, AuthFlow: "USER_PASSWORD_AUTH",
			AuthParameters: map[string]string{"USERNAME": name, "PASSWORD": killPassword}})
	}
	jane := "jane@example.com"
	if _, err = p.AdminCreateUser(ctx, invited(pool, jane)); err == nil {
		_, err = p.AdminSetUserPassword(ctx, &cip.AdminSetUserPasswordInput{UserPoolId: pool, Username: &jane, Password: aws.String(killPassword), Permanent: true})
	}
	if err != nil {
		t.Fatal(err)
	}
	before, err := signIn(p, jane)
	if err != nil {
		t.Fatal(err)
	}

	acknowledged := map[string]bool{jane: true}
	for round := range 3 {
		if round > 0 {
			p = startProvider(t, folder)
		}
		var mu sync.Mutex
		var writers sync.WaitGroup
		killed, done := make(chan struct{}), make(chan struct{})
		for w := range 4 {
			writers.Go(func() {
				for i := 0; ; i++ {
					name := fmt.Sprintf("u%d-%d-%d@example.com", round, w, i)
					if err := create(ctx, p, pool, client, name, w%2 == 0); err != nil {
						select {
						case <-killed:
						default:
							t.Errorf("%s: %v", name, err)
						}
						return
					}
					mu.Lock()
					acknowledged[name] = true
					mu.Unlock()
					select {
					case done <- struct{}{}:
					case <-killed:
					}
				}
			})
		}
		for range 6 + 5*round {
			select {
			case <-done:
			case <-time.After(time.Minute):
				t.Fatal("no user in a minute")
			}
		}
		close(killed)
		p.Process.Kill()
		writers.Wait()
		<-p.done
	}
	if len(acknowledged) < 10 {
		t.Fatalf("only %d users were acknowledged", len(acknowledged))
	}
	p = startProvider(t, folder)
	there := checkUsers(t, p, pool, func(name string) error { _, err := signIn(p, name); return err })
	for name := range acknowledged {
		if !there[name] {
			t.Errorf("%s was acknowledged, and is lost", name)
		}
	}
	t.Logf("%d users acknowledged, %d there", len(acknowledged), len(there))
	if _, err := p.GetUser(ctx, &cip.GetUserInput{AccessToken: before.AuthenticationResult.AccessToken}); err != nil {
		t.Errorf("access token of before: %v", err)
	}
	if _, err := p.InitiateAuth(ctx, &cip.InitiateAuthInput{ClientId: client, AuthFlow: "REFRESH_TOKEN_AUTH",
		AuthParameters: map[string]string{"REFRESH_TOKEN": *before.AuthenticationResult.RefreshToken}}); err != nil {
		t.Errorf("refresh token of before: %v", err)
	}
}

func invited(pool *string, name string) *cip.AdminCreateUserInput {
	return &cip.AdminCreateUserInput{UserPoolId: pool, Username: &name, TemporaryPassword: aws.String(killPassword), DesiredDeliveryMediums: []types.DeliveryMediumType{"EMAIL"},
		UserAttributes: []types.AttributeType{{Name: aws.String("email"), Value: &name}, {Name: aws.String("email_verified"), Value: aws.String("true")}}}
}

// create makes a user in one of the two ways.
func create(ctx context.Context, p *provided, pool, client *string, name string, signUp bool) (err error) {
	if signUp {
		_, err = p.SignUp(ctx, &cip.SignUpInput{ClientId: client, Username: &name, Password: aws.String(killPassword)})
	} else {
		_, err = p.AdminCreateUser(ctx, invited(pool, name))
	}
	return err
}

// checkUsers lists the pool's users by address, and checks that each is whole.
func checkUsers(t *testing.T, p *provided, pool *string, signIn func(name string) error) map[string]bool {
	t.Helper()
	there := map[string]bool{}
	in := &cip.ListUsersInput{UserPoolId: pool}
	for {
		out, err := p.ListUsers(t.Context(), in)
		if err != nil {
			t.Fatal(err)
		}
		for _, u := range out.Users {
			name := attribute(u.Attributes, "email")
			if there[name] || name == "" {
				t.Errorf("%q is there twice, or has no address", name)
			}
			there[name] = true
			byName, err := p.AdminGetUser(t.Context(), &cip.AdminGetUserInput{UserPoolId: pool, Username: &name})
			if err != nil || *byName.Username != *u.Username || attribute(byName.UserAttributes, "sub") != *u.Username {
				t.Errorf("%s by address: %v", name, err)
			}
			found, err := p.ListUsers(t.Context(), &cip.ListUsersInput{UserPoolId: pool, Filter: aws.String(`email = "` + name + `"`)})
			if err != nil || len(found.Users) != 1 {
				t.Errorf("%s by filter: %v", name, err)
			}
			if n := p.messages(t, name); n != 1 {
				t.Errorf("%s got %d messages", name, n)
			}
			err = signIn(name)
			if unconfirmed := u.UserStatus == "UNCONFIRMED"; unconfirmed != (err != nil && strings.Contains(err.Error(), "UserNotConfirmedException")) || !unconfirmed && err != nil {
				t.Errorf("%s, %s: %v", name, u.UserStatus, err)
			}
		}
		if out.PaginationToken == nil {
			return there
		}
		in.PaginationToken = out.PaginationToken
	}
}

func attribute(list []types.AttributeType, name string) string {
	for _, a := range list {
		if *a.Name == name {
			return aws.ToString(a.Value)
		}
	}
	return ""
}

// A second process on the SQLite file of a provider that runs is refused, and says why and which process has it; the first goes on.
func TestSecondProviderIsRefused(t *testing.T) {
	if testing.Short() {
		return
	}
	folder := filepath.Join(t.TempDir(), "data")
	p := startProvider(t, folder)
	for _, args := range [][]string{{"idp"}, {"start"}, {"idp", "quickstart"}} {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		second := exec.CommandContext(ctx, linked(t), args...)
		second.Args[0] = "gibbon"
		second.Env = append(os.Environ(), "GIBBON_PREFIX="+folder, "GIBBON_IDP_LISTEN="+freeAddress(t), "GIBBON_ADMIN_LISTEN=off",
			"GIBBON_PROXY_LISTEN="+freeAddress(t), "GIBBON_STATUS_LISTEN=off", "GIBBON_CONSOLE_LISTEN=off")
		if args[0] == "start" { // the folder, too, belongs to one process; with another it is the file that is in use
			second.Env = append(second.Env, "GIBBON_PREFIX="+t.TempDir(), "GIBBON_IDP_DATABASE="+filepath.Join(folder, "idp.db"))
		}
		text, err := second.CombinedOutput()
		cancel()
		want := fmt.Sprintf("in use by another process (pid %d)", p.Process.Pid)
		if second.ProcessState.ExitCode() != 1 || !strings.Contains(string(text), want) || !strings.Contains(string(text), "idp.db") {
			t.Errorf("gibbon %s: %v\n%s\nwant %s", strings.Join(args, " "), err, text, want)
		}
	}
	if _, err := p.ListUserPools(t.Context(), &cip.ListUserPoolsInput{MaxResults: aws.Int32(1)}); err != nil {
		t.Errorf("the first provider: %v", err)
	}
}
