"""What a step does: tables of actions and commands, and what names say when the tables do not know.

The order of evidence: the action, the command (unwrapped of `sudo`, `npx`, `uv run` …), what a make target, package
script or local script runs, and last the name. `VERSION` changes with every row, so that a report can say by which
tables it judged.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from gatekeeper.models.pipeline.environments import tokens
from gatekeeper.models.pipeline.shell import EXPRESSION

VERSION = "2026.1"

TESTS = frozenset({"test", "e2e", "coverage"})
# Tools that change infrastructure rather than roll out a build of the service
INFRASTRUCTURE = frozenset(
    "terraform tofu terragrunt terramate pulumi cdktf dflook/terraform-apply dflook/tofu-apply azure/arm-deploy".split()
)
SCANS = frozenset({"sast", "sca", "secretscan", "iacscan", "imagescan", "dast", "scan", "analysis"})

# kind: commands, each a program and the words that must follow it (flags may stand between them)
_COMMANDS = {
    "test": """pytest; py.test; tox; nox; unittest; nose2; jest; vitest; mocha; ava; karma start; rspec; minitest; phpunit;
        pest; go test; gotestsum; ginkgo; cargo test; cargo nextest; dotnet test; vstest; mix test; sbt test; lein test;
        swift test; xcodebuild test; flutter test; dart test; ctest; bazel test; bats; terraform test; tofu test;
        molecule test; conftest verify; opa test; helm unittest; ct install; deno test; bun test; node --test; react-scripts test;
        ng test; rails test; rake test; rake spec; manage.py test; stack test; cabal test; zig test; prove; behave; promtool test;
        c8; nyc; trial; pre-commit-test; kuttl test; chainsaw test; turbo test; nx test; lerna test; pytest-xdist; ward""",
    "e2e": "cypress run; playwright test; wdio; testcafe; nightwatch; codecept run; newman run; ng e2e; detox test; maestro test; robot; cucumber-js; cucumber; postman collection run; artillery-e2e",
    "coverage": "coverage run; coverage report; codecov; coveralls; diff-cover; go-test-coverage",
    "lint": """eslint; oxlint; biome; standard; xo; prettier; stylelint; tslint; ruff; flake8; pylint; black; isort; autopep8; pycodestyle; pydocstyle;
        golangci-lint; go vet; gofmt; gofumpt; goimports; staticcheck; revive; cargo clippy; cargo fmt; rustfmt; rubocop; standardrb; erb_lint; php-cs-fixer;
        phpcs; pint; ktlint; detekt; checkstyle; spotless; swiftlint; swiftformat; shellcheck; shfmt; yamllint; markdownlint; markdownlint-cli2; hadolint;
        actionlint; zizmor; ansible-lint; tflint; terraform fmt; tofu fmt; helm lint; ct lint; chart-testing lint; kube-linter; kube-score; kubeval; kubeconform;
        kubevious; dotnet format; mix format; mix credo; buf lint; spectral; sqlfluff; commitlint; vale; codespell; pre-commit run; prek; typos; cfn-lint; djlint; next lint; ng lint; clang-format; clang-tidy;
        nx lint; turbo lint; addlicense; reuse lint; editorconfig-checker; cspell; knip; license-checker; gradle lint; scalafmt; promtool check; amtool check-config; pint-rules""",
    "validate": "terraform validate; tofu validate; terragrunt validate; packer validate; kustomize build; kubectl kustomize; helm template; docker compose config; docker-compose config; sam validate; aws cloudformation validate-template; circleci config validate",
    "typecheck": "tsc; vue-tsc; mypy; pyright; basedpyright; pyre; pytype; flow check; phpstan; psalm; sorbet; srb tc; dialyzer; mix dialyzer; ty check; svelte-check; tsc-files",
    "build": """webpack; vite build; rollup; esbuild; tsup; next build; nuxt build; ng build; astro build; gatsby build; react-scripts build; parcel build; go build; go install; cargo build; dotnet build; dotnet publish; dotnet pack;
        msbuild; mvn compile; mvn package; gradle assemble; gradle bootJar; sbt compile; sbt assembly; cmake; ninja; bazel build; python build; build; poetry build; uv build; hatch build; flit build; setup.py sdist; setup.py bdist_wheel; mix compile; mix release; swift build; xcodebuild build; flutter build;
        bundle exec jekyll build; jekyll build; hugo; mkdocs build; sam build; cdk synth; serverless package; packer build; stack build; nx build; turbo build; tsc --build; deno compile; composer install; rake assets:precompile; rails assets:precompile; helm package""",
    "image": """docker build; docker buildx build; docker buildx bake; docker compose build; docker-compose build; podman build; buildah bud; buildah build; kaniko; executor; ko build; ko publish; jib; pack build; nerdctl build; skaffold build; gcloud builds submit; az acr build; img build; earthly; depot build; werf build""",
    "imagepush": "docker push; docker buildx imagetools create; docker compose push; docker-compose push; podman push; buildah push; skopeo copy; crane push; crane copy; crane tag; oras push; regctl image copy; helm push",
    "imagescan": "trivy image; trivy i; grype; docker scout cves; docker scout quickview; clair-scanner; dockle; snyk container test; snyk container monitor; anchore-cli; twistcli images scan; docker scan",
    "sca": """trivy fs; trivy filesystem; trivy repo; trivy repository; trivy rootfs; trivy sbom; trivy kubernetes; trivy k8s; npm audit; yarn audit; yarn npm audit; pnpm audit; bun audit; audit-ci; better-npm-audit; pip-audit; safety check; safety scan; bundle audit; bundle-audit; bundler-audit; cargo audit; cargo deny; govulncheck; nancy; osv-scanner; composer audit; snyk test; snyk monitor;
        dependency-check; dependency-check.sh; mvn dependency-check:check; mvn org.owasp:dependency-check-maven:check; gradle dependencyCheckAnalyze; retire; dotnet list --vulnerable; mix deps.audit; mix hex.audit; auditjs""",
    "sast": "semgrep; opengrep; bandit; gosec; brakeman; codeql database analyze; sonar-scanner; mvn sonar:sonar; gradle sonar; gradle sonarqube; dotnet sonarscanner end; njsscan; flawfinder; snyk code test; spotbugs; findsecbugs; bearer scan; horusec; mix sobelow; psalm --taint-analysis; phpcs-security-audit",
    "secretscan": "gitleaks; trufflehog; detect-secrets; detect-secrets-hook; ggshield; git-secrets; talisman; noseyparker; kingfisher",
    "iacscan": "checkov; tfsec; terrascan scan; kics scan; kubescape scan; polaris audit; kubesec scan; trivy config; trivy conf; snyk iac test; cfn_nag; cfn_nag_scan; conftest test; regula; datree test; kyverno apply; kyverno test; gator test; prowler",
    "dast": "zap-baseline.py; zap-full-scan.py; zap-api-scan.py; zap.sh; nuclei; nikto; dastardly; wapiti; schemathesis; stackhawk; hawk scan",
    "scan": "trivy",
    "sbom": "syft; cyclonedx-py; cyclonedx-npm; cyclonedx-gomod; cdxgen; docker sbom; spdx-sbom-generator; cyclonedx; bom generate",
    "sign": "cosign sign; cosign attest; cosign sign-blob; notation sign; gpg --detach-sign; slsa-verifier verify-artifact; gh attestation verify; cosign verify",
    "publish": """npm publish; yarn publish; yarn npm publish; pnpm publish; lerna publish; changeset publish; semantic-release; release-it; twine upload; poetry publish; uv publish; hatch publish; flit publish; maturin publish; cargo publish; gem push; mvn deploy; mvn release:perform; gradle publish; gradle publishToSonatype; sbt publish; dotnet nuget push; nuget push; goreleaser release; goreleaser;
        gh release create; gh release upload; mkdocs gh-deploy; mike deploy; helm cm-push; cr upload; cr index; vsce publish; ovsx publish; gh-pages; chromatic; firebase appdistribution:distribute; fastlane; pod trunk push; hex publish; mix hex.publish; jf rt upload; jfrog rt upload; ncc publish""",
    "plan": "terraform plan; tofu plan; terragrunt plan; terragrunt run-all plan; pulumi preview; cdk diff; helm diff; helmfile diff; kubectl diff; aws cloudformation create-change-set; argocd app diff; az deployment group what-if; serverless print; driftctl; infracost; atlantis plan; flyway info; flyway validate; prisma migrate diff; prisma migrate status",
    "deploy": """kubectl apply; kubectl replace; kubectl set image; kubectl patch; kubectl rollout restart; kubectl create -f; oc apply; oc rollout latest; oc set image; oc new-app; oc process-apply; helm upgrade; helm install; helmfile apply; helmfile sync; kapp deploy; kustomize-apply; skaffold run; skaffold deploy; argocd app sync; argocd app set; flux reconcile; werf converge; garden deploy; okteto deploy; tanka apply; tk apply; ytt-apply;
        terraform apply; tofu apply; terragrunt apply; terragrunt run-all apply; terragrunt run apply; terramate run; pulumi up; pulumi update; cdk deploy; cdktf deploy; sam deploy; aws cloudformation deploy; aws cloudformation update-stack; aws cloudformation create-stack; aws cloudformation execute-change-set; serverless deploy; sls deploy; az deployment group create; az deployment sub create; gcloud deployment-manager deployments update;
        aws ecs update-service; aws ecs deploy; ecs deploy; ecs-deploy; ecspresso deploy; aws lambda update-function-code; aws lambda update-alias; aws deploy create-deployment; aws deploy push-and-create; aws elasticbeanstalk update-environment; aws apprunner start-deployment; aws amplify start-deployment; aws s3 sync; eb deploy; copilot deploy; copilot svc deploy; copilot app deploy; chalice deploy; zappa update; zappa deploy;
        gcloud run deploy; gcloud run services update; gcloud run services replace; gcloud run services update-traffic; gcloud app deploy; gcloud functions deploy; gcloud deploy releases create; gcloud deploy releases promote; gcloud compute instance-groups managed rolling-action; gsutil rsync; gcloud storage rsync; az webapp deploy; az webapp deployment; az webapp config container set; az webapp up; az functionapp deployment; az functionapp deploy; az containerapp update; az containerapp up; az staticwebapp deploy; swa deploy; func azure functionapp publish; az storage blob upload-batch; az webapp deployment slot swap;
        firebase deploy; flyctl deploy; fly deploy; vercel deploy; vercel --prod; vercel promote; netlify deploy; wrangler deploy; wrangler publish; wrangler pages deploy; heroku container:release; heroku releases:promote; heroku pipelines:promote; cf push; cf v3-zdt-push; cf deploy; railway up; render deploys create; doctl apps update; doctl apps create-deployment; dokku deploy; kamal deploy; cap deploy; mina deploy; dep deploy; shipit deploy; capistrano; ansible-playbook; nomad job run; nomad run; waypoint deploy; waypoint up; octo deploy-release; octopus release deploy; humctl deploy; score-compose-deploy; docker stack deploy; docker service update; ecs-cli compose up; surge; supabase functions deploy; supabase db push-deploy; databricks bundle deploy; cloudfoundry push; pm2 deploy; nixos-rebuild switch; deploy-rs; colmena apply; juju refresh; juju upgrade-charm; tkn pipeline start; argo rollouts set; kubectl argo rollouts set image; kubectl argo rollouts promote""",
    "rollback": "kubectl rollout undo; oc rollout undo; helm rollback; argocd app rollback; kubectl argo rollouts undo; kubectl argo rollouts abort; gcloud app versions migrate; flyctl releases rollback; fly releases rollback; vercel rollback; netlify rollback; heroku rollback; heroku releases:rollback; aws deploy stop-deployment; kamal rollback; eb restore; cf rollback; wrangler rollback; nomad job revert; docker service rollback",
    "migrate": "alembic upgrade; flyway migrate; flyway; liquibase update; liquibase; prisma migrate deploy; prisma db push; rails db:migrate; rake db:migrate; manage.py migrate; knex migrate:latest; sequelize db:migrate; sequelize-cli db:migrate; typeorm migration:run; goose up; atlas migrate apply; atlas schema apply; dbmate up; dbmate migrate; migrate up; mix ecto.migrate; dotnet ef database update; sqitch deploy; supabase db push; drizzle-kit migrate; drizzle-kit push; artisan migrate; flask db upgrade; dbdeploy; refinery migrate; sqlx migrate run; diesel migration run; yoyo apply; mvn flyway:migrate; mvn liquibase:update; gradle flywayMigrate",
    "verify": "kubectl rollout status; oc rollout status; kubectl wait; aws ecs wait; aws cloudformation wait; aws lambda wait; aws deploy wait; argocd app wait; flux wait; kubectl argo rollouts status; helm test; gcloud run services describe; kubectl argo rollouts get; aws ecs describe-services; helm status",
    "smoke": "goss validate; goss; inspec exec; hurl; venom run; checkly test; datadog-ci synthetics; wait-on; wait-for-it; wait-for-it.sh; httpstat; grpcurl; dgoss",
    "perf": "k6 run; k6 cloud; artillery run; artillery; locust; jmeter; gatling; lhci autorun; lhci; lighthouse; lighthouse-ci; wrk; hey; vegeta attack; ab; autocannon; bombardier; go-benchmark; cargo bench; asv; sitespeed.io; hyperfine; pytest-benchmark",
    "ephemeral": "kind create cluster; minikube start; k3d cluster create; localstack start; microk8s; vcluster create; ctlptl create; talosctl cluster create; kwokctl create",
    "trigger": "gh workflow run; gh api dispatches; codefresh run; az pipelines run; aws codepipeline start-pipeline-execution; aws codebuild start-build; gcloud builds triggers run; buildkite-agent pipeline upload",
    "gitpush": "git push",
    "notify": "slack-notify; slackcli; datadog-ci dora; datadog-ci deployment; sentry-cli releases; sentry-cli deploys; datadog-ci tag; newrelic apm deployment; datadog-ci junit",
}  # fmt: skip

_ACTIONS = {
    "build": "goreleaser/goreleaser-action; jlesage/build; microsoft/setup-msbuild-build; expo/expo-github-action-build; pypa/cibuildwheel; pyo3/maturin-action; actions/jekyll-build-pages; actions/configure-pages-build; advanced-security/maven-build",
    "test": "cypress-io/github-action; codecov/test-results-action; dorny/test-reporter; enricomi/publish-unit-test-result-action; mikepenz/action-junit-report; nick-fields-test; phoenix-actions/test-reporting; helm/chart-testing-action-run; actions-rust-test; open-policy-agent/conftest-test; test-summary/action",
    "coverage": "codecov/codecov-action; coverallsapp/github-action; irongut/codecoveragesummary; 5monkeys/cobertura-action; madrapps/jacoco-report; romeovs/lcov-reporter-action; artiomtr/jest-coverage-report-action; vladopajic/go-test-coverage; py-cov-action/python-coverage-comment-action; codacy/codacy-coverage-reporter-action; paambaati/codeclimate-action; davelosert/vitest-coverage-report-action",
    "lint": "golangci/golangci-lint-action; github/super-linter; super-linter/super-linter; oxsecurity/megalinter; hadolint/hadolint-action; ibiqlik/action-yamllint; reviewdog/; pre-commit/action; psf/black; chartboost/ruff-action; astral-sh/ruff-action; ludeeus/action-shellcheck; raven-actions/actionlint; rhysd/actionlint; zizmorcore/zizmor-action; stefanprodan/kube-tools; azure/k8s-lint; terraform-linters/tflint-action; wagoid/commitlint-github-action; amannn/action-semantic-pull-request; crate-ci/typos; codespell-project/actions-codespell; dprint/check; davidanson/markdownlint-cli2-action; ansible/ansible-lint; bufbuild/buf-lint-action; bufbuild/buf-action; instrumenta/kubeval-action; yokawasa/action-setup-kube-tools-lint; actions-rs/clippy-check; crazy-max/ghaction-dump-lint; erlef/format; nosborn/github-action-markdown-cli; stackrox/kube-linter-action; kubevious/cli",
    "typecheck": "jakebailey/pyright-action; tsuyoshicho/action-mypy",
    "image": "docker/build-push-action; docker/bake-action; redhat-actions/buildah-build; google-github-actions/build; mr-smithers-excellent/docker-build-push; elgohr/publish-docker-github-action; depot/build-push-action; depot/bake-action; ko-build/publish; aevea/action-kaniko; int128/kaniko-action; whoan/docker-build-with-cache-action; azure/docker-build",
    "imagepush": "redhat-actions/push-to-registry; akhilerm/tag-push-action; int128/docker-manifest-create-action; noelware/docker-manifest-action",
    "imagescan": "aquasecurity/trivy-action; anchore/scan-action; docker/scout-action; crazy-max/ghaction-container-scan; azure/container-scan; sysdiglabs/scan-action; snyk/actions/docker; goodwithtech/dockle-action; erzz/dockle-action; lacework/lw-scanner-action; prismacloud/scan-action; aws-actions/vulnerability-scan-github-action-for-amazon-inspector; rapidfort/",
    "sca": "actions/dependency-review-action; snyk/actions/; google/osv-scanner-action; pypa/gh-action-pip-audit; rustsec/audit-check; actions-rs/audit-check; actions-rust-lang/audit; embarkstudios/cargo-deny-action; golang/govulncheck-action; dependency-check/dependency-check_action; fossas/fossa-action; oke-py/npm-audit-action; mend/; whitesource/; sonatype-nexus-community/; sonatype/; advanced-security/dependency; jfrog/frogbot; debricked/actions; veracode/veracode-sca; socketdev/action; meterian/",
    "sast": "github/codeql-action/analyze; returntocorp/semgrep-action; semgrep/semgrep-action; securego/gosec; sonarsource/sonarcloud-github-action; sonarsource/sonarqube-scan-action; sonarsource/sonarqube-quality-gate-action; sonarqube/; kitabisa/sonarqube-action; checkmarx/; veracode/; pycqa/bandit-action; mdegis/bandit-action; jpetrucciani/bandit-check; brakeman/; microsoft/security-devops-action; codacy/codacy-analysis-cli-action; shiftleftsecurity/scan-action; bearer/bearer-action; contrast-security-oss/; fortify/; ajinabraham/njsscan-action; pmd/pmd-github-action; facebook/infer; appthreat/sast-scan-action; google/clusterfuzzlite; google/oss-fuzz; polaris-sast; synopsys-sig/; blackduck-inc/; datadog/datadog-static-analyzer-github-action",
    "secretscan": "gitleaks/gitleaks-action; zricethezav/gitleaks-action; trufflesecurity/trufflehog; gitguardian/ggshield; gitguardian/ggshield-action; edplato/trufflehog-actions-scan; max/secret-scan; secret-scanner/action",
    "iacscan": "bridgecrewio/checkov-action; aquasecurity/tfsec-action; aquasecurity/tfsec-pr-commenter-action; aquasecurity/tfsec-sarif-action; checkmarx/kics-github-action; checkmarx/kics-action; kubescape/github-action; tenable/terrascan-action; accurics/terrascan-action; azure/manifest-scan; snyk/actions/iac; controlplaneio/kubesec-action; fairwindsops/; instrumenta/conftest-action; triat/terraform-security-scan; soluble-ai/",
    "dast": "zaproxy/action-baseline; zaproxy/action-full-scan; zaproxy/action-api-scan; stackhawk/hawkscan-action; projectdiscovery/nuclei-action; portswigger/dastardly-action; schemathesis/action",
    "analysis": "github/codeql-action/upload-sarif; ossf/scorecard-action; advanced-security/filter-sarif",
    "sbom": "anchore/sbom-action; cyclonedx/; advanced-security/sbom-generator-action; advanced-security/component-detection-dependency-submission-action; microsoft/sbom-action; philips-labs/spdx-action",
    "sign": "sigstore/gh-action-sigstore-python; sigstore/cosign-sign; actions/attest; actions/attest-build-provenance; actions/attest-sbom; slsa-framework/slsa-github-generator",
    "publish": "pypa/gh-action-pypi-publish; js-devtools/npm-publish; actions/deploy-pages; peaceiris/actions-gh-pages; jamesives/github-pages-deploy-action; crazy-max/ghaction-github-pages; softprops/action-gh-release; ncipollo/release-action; googleapis/release-please-action; google-github-actions/release-please-action; changesets/action; cycjimmy/semantic-release-action; helm/chart-releaser-action; actions/create-release; actions/upload-release-asset; svenstaro/upload-release-action; release-drafter/release-drafter; chromaui/action; rust-lang/crates-io; katyo/publish-crates; gradle/publish; actions/upload-pages-artifact-publish; marvinpinto/action-automatic-releases; rubygems/release-gem; hashicorp/ghaction-terraform-provider-release; pypa/publish; stefanzweifel/changelog-updater-action; haaleo/publish-vscode-extension; python-semantic-release/",
    "plan": "dflook/terraform-plan; dflook/tofu-plan; op5dev/tf-via-pr-plan; infracost/actions; borchero/terraform-plan-comment",
    "deploy": "azure/k8s-deploy; azure/webapps-deploy; azure/functions-action; azure/arm-deploy; azure/container-apps-deploy-action; azure/static-web-apps-deploy; azure/aci-deploy; azure/k8s-bake-deploy; azure/spring-apps-deploy; azure/appservice-actions; aws-actions/amazon-ecs-deploy-task-definition; aws-actions/aws-cloudformation-github-deploy; aws-actions/aws-lambda-deploy; aws-actions/aws-codedeploy; aws-actions/amazon-ecs-deploy-express-service; appleboy/lambda-action; appleboy/k8s-action; google-github-actions/deploy-cloudrun; google-github-actions/deploy-appengine; google-github-actions/deploy-cloud-functions; google-github-actions/create-cloud-deploy-release; actions-hub/kubectl-apply; dflook/terraform-apply; dflook/tofu-apply; cloudflare/wrangler-action; cloudflare/pages-action; netlify/actions; nwtgck/actions-netlify; amondnet/vercel-action; firebaseextended/action-hosting-deploy; w9jds/firebase-action; superfly/flyctl-actions-deploy; akhileshns/heroku-deploy; einaregilsson/beanstalk-deploy; digitalocean/app_action; digitalocean/app-action; serverless/github-action-deploy; deliverybot/helm; bitovi/github-actions-deploy; mikhailvojtenko/; octopusdeploy/deploy-release-action; octopusdeploy/create-release-action-deploy; jakejarvis/s3-sync-action; reggionick/s3-deploy; donaldpiret/ecs-deploy; silverlyra/aws-ecs-deploy; noelzubin/aws-ecr-ecs; easingthemes/ssh-deploy; wlixcc/sftp-deploy-action; samkirkland/ftp-deploy-action; burnett01/rsync-deployments; cloud-gov/cg-cli-tools-push; citizen-of-planet-earth/cf-cli-action-push; render-oss/deploy; johnbeynon/render-deploy-action; bervProject/railway-deploy; koyeb/action-git-deploy; porter-dev/; qovery/; pulumi/actions-up; youyo/aws-cdk-github-actions-deploy; scribemd/; stefanprodan/helm; bluehawana/helm-deploy; vimeda/helm; glopezep/helm; wyrihaximus/github-action-helm; koslib/helm-eks-action-upgrade; redhat-actions/oc-apply; steebchen/kubectl-apply; kodermax/kubectl-aws-eks-apply; statsig/kubectl-via-eksctl-apply; newrelic/deploy-app; up9inc/deploy",
    "ephemeral": "helm/kind-action; engineerd/setup-kind; medyagh/setup-minikube; manusa/actions-setup-minikube; absaoss/k3d-action; nolar/setup-k3d-k3s; container-tools/kind-action; localstack/setup-localstack; jupyterhub/action-k3s-helm; balchua/microk8s-actions; rinx/setup-k3d; loft-sh/setup-vcluster",
    "approval": "trstringer/manual-approval; snapp-incubator/manual-approval; cloudposse/github-action-manual-approval; kharkevich/issue-ops-approval; servicenow/servicenow-devops-change; atlassian/gajira-transition-approval; stakater-approval/",
    "wait": "lewagon/wait-on-check-action; fountainhead/action-wait-for-check; poseidon/wait-for-status-checks; ahmadnassri/action-workflow-run-wait; convictional/trigger-workflow-and-wait-self; kachick/wait-other-jobs",
    "trigger": "peter-evans/repository-dispatch; benc-uk/workflow-dispatch; convictional/trigger-workflow-and-wait; aurelien-baudet/workflow-dispatch; the-actions-org/workflow-dispatch; codex-/return-dispatch; actions-cool/workflow-trigger",
    "perf": "grafana/run-k6-action; grafana/k6-action; treosh/lighthouse-ci-action; benchmark-action/github-action-benchmark; artilleryio/action-cli; foo-software/lighthouse-check-action; rbhadti94/apache-jmeter-action; apache/jmeter; codspeedhq/action",
    "smoke": "jtalk/url-health-check-action; emilioschepis/wait-for-endpoint; nev7n/wait_for_response; cygnetdigital/wait_for_response; checkly/; datadog/synthetics-ci-github-action; matt-ball/newman-action; lakuapik/gh-actions-http-status; fjogeleit/http-request-health; iFaxity/wait-on-action; grafana/synthetic-monitoring",
    "e2e": "microsoft/playwright-github-action-run; cypress/; saucelabs/saucectl-run-action; mobile-dev-inc/action-maestro-cloud; anishkny/integrate-e2e",
    "notify": "8398a7/action-slack; slackapi/slack-github-action; rtcamp/action-slack-notify; act10ns/slack; ravsamhq/notify-slack-action; voxmedia/github-action-slack-notify-build; jdcargile/ms-teams-notification; getsentry/action-release; chrnorm/deployment-status; bobheadxi/deployments; chrnorm/deployment-action; newrelic/deployment-marker-action; dawidd6/action-send-mail; sarisia/actions-status-discord; ilshidur/action-discord; appleboy/telegram-action; skitionek/notify-microsoft-teams; tokorom/action-slack-incoming-webhook; datadog/notify; pagerduty/pagerduty-change-events-action; rjstone/discord-webhook-notify; grafana/annotation",
    "gitpush": "stefanzweifel/git-auto-commit-action; endbug/add-and-commit; ad-m/github-push-action; peter-evans/create-pull-request; cpina/github-action-push-to-another-repository; mikeal/merge",
    "rollback": "octopusdeploy/rollback; azure/k8s-rollback",
    "": "actions/; docker/login-action; docker/setup-; docker/metadata-action; aws-actions/configure-aws-credentials; aws-actions/amazon-ecr-login; aws-actions/amazon-ecs-render-task-definition; google-github-actions/auth; google-github-actions/setup-gcloud; google-github-actions/get-gke-credentials; google-github-actions/get-secretmanager-secrets; azure/login; azure/setup-; azure/aks-set-context; azure/k8s-set-context; azure/use-kubelogin; azure/docker-login; azure/k8s-create-secret; azure/appservice-settings; azure/get-keyvault-secrets; hashicorp/setup-; hashicorp/vault-action; hashicorp/hcp-; opentofu/setup-; pnpm/action-setup; astral-sh/setup-uv; oven-sh/setup-bun; ruby/setup-ruby; shivammathur/setup-php; erlef/setup-beam; dtolnay/rust-toolchain; actions-rs/toolchain; actions-rust-lang/setup-rust-toolchain; swatinem/rust-cache; taiki-e/install-action; dorny/paths-filter; tj-actions/; step-security/harden-runner; peter-evans/create-or-update-comment; peter-evans/find-comment; marocchino/sticky-pull-request-comment; thollander/actions-comment-pull-request; tibdex/github-app-token; webfactory/ssh-agent; gradle/actions/setup-gradle; gradle/actions/wrapper-validation; gradle/wrapper-validation-action; gradle/gradle-build-action; jlumbroso/free-disk-space; easimon/maximize-build-space; github/codeql-action/init; github/codeql-action/autobuild; sigstore/cosign-installer; helm/chart-testing-action; imranismail/setup-kustomize; tailscale/github-action; dawidd6/action-download-artifact; subosito/flutter-action; coursier/setup-action; bufbuild/buf-setup-action; arduino/setup-; denoland/setup-deno; volta-cli/action; jdx/mise-action; asdf-vm/actions; cachix/; determinatesystems/; nixbuild/; extractions/setup-just; arduino/setup-task; go-task/setup-task; snyk/actions/setup; superfly/flyctl-actions/setup-flyctl; redhat-actions/oc-login; redhat-actions/openshift-tools-installer; pulumi/setup-pulumi; pulumi/auth-actions; mathieudutour/github-tag-action; anothrnick/github-tag-action; gittools/; paulhatch/semantic-version; styfle/cancel-workflow-action; aquasecurity/setup-trivy; terraform-linters/setup-tflint; browser-actions/setup-; nanasess/setup-chromedriver; samuelmeuli/; battila7/get-version-action; rlespinasse/github-slug-action; kaisugi/; crazy-max/ghaction-setup; crazy-max/ghaction-dump-context; dcarbone/install-jq-action; mikefarah/yq; fjogeleit/yaml-update-action; jacobtomlinson/gha-find-replace; microsoft/variable-substitution; cschleiden/replace-tokens; 1password/load-secrets-action; aws-actions/aws-secretsmanager-get-secrets; dopplerhq/; bitwarden/sm-action; unfor19/install-aws-cli-action; winterjung/split; jossef/action-set-json-field; lewagon/; khan/pull-request-comment-trigger; ytanikin/; hmarr/; pozil/auto-assign-issue; toshimaru/auto-author-assign; kentaro-m/auto-assign-action; andresz1/size-limit-action; int128/; conda-incubator/setup-miniconda; mamba-org/setup-micromamba; julia-actions/setup-julia; r-lib/actions/setup; goto-bus-stop/setup-zig; supercharge/; shogo82148/actions-setup-; getong/; ikalnytskyi/action-setup-postgres; freckle/stack-cache-action; haskell-actions/setup; grafana/setup-k6-action; fluxcd/flux2/action; yokawasa/action-setup-kube-tools; kubernetes-sigs/; alexellis/arkade-get; clowdhaus/argo-cd-action-setup; jasonetco/create-an-issue; nwtgck/",
}  # fmt: skip

_NEUTRAL = frozenset(
    """echo printf cd pushd popd ls cat cp mv rm rmdir mkdir chmod chown export set unset test [ [[ ]] exit return true false : sleep
    date tee grep egrep rg sed awk jq yq cut tr sort uniq head tail wc find xargs tar zip unzip gzip gunzip git curl wget apt apt-get apk
    yum dnf brew choco winget snap pip pip3 pipx npm yarn pnpm bun bundle gem poetry uv pdm pipenv conda mamba go cargo rustup rustc dotnet
    docker docker-compose podman aws gcloud gsutil bq az kubectl oc helm gh hub glab terraform tofu terragrunt read wait kill pwd whoami env printenv
    uname which type ssh-keyscan ssh-add ssh-agent ssh-keygen base64 openssl gpg sha256sum shasum md5sum diff df du free ps ln touch dirname basename
    realpath readlink seq local shift trap declare let typeset systemctl sysctl service ufw add-apt-repository corepack nvm node python python3 java javac ruby php
    envsubst tput stat file install yes nslookup dig ping host nc timeout id hostname lsof mktemp xxd expr comm paste join column rev fold nl od shopt
    ulimit umask getopts break continue select in esac fi done sysctl modprobe mount umount update-alternatives locale-gen dpkg gpasswd usermod groupadd
    kustomize sdkmanager setx rename sw_vers xcode-select security keytool jar aws-iam-authenticator argocd flux eksctl krew minikube kind k3d
    buildah skopeo crane cosign oras syft pulumi cdk sam serverless heroku flyctl vercel netlify firebase wrangler vault sops age consul nomad
    psql mysql redis-cli mongosh pg_isready sqlite3 createdb dropdb pg_dump mkfifo wslpath cygpath powershell-yaml write-host write-output set-location new-item
    copy-item remove-item get-childitem get-content set-content test-path out-file invoke-webrequest compress-archive expand-archive import-module install-module
    actions-toolkit helm-docs conftest skaffold gcloud-auth hash alias bc cmp md5 nohup open disown xdg-open sync gettext msgfmt iconv fallocate dd swapon mkswap swapoff""".split()
)  # fmt: skip

_WRAPPERS = frozenset(
    "sudo time nohup exec command nice stdbuf xvfb-run env npx bunx uvx chronic unbuffer doas winpty dotenv builtin script pnpx eatmydata".split()
)
_PAIRS = frozenset(
    """uv run; poetry run; pipenv run; pdm run; hatch run; rye run; bundle exec; pnpm exec; pnpm dlx; yarn dlx; yarn exec; npm exec; bun x; pipx run; op run;
    doppler run; infisical run; mise exec; devbox run; direnv exec; nix develop; nix shell; conda run; xcrun simctl; uv tool; asdf exec; rbenv exec""".replace("\n", "").split("; ")
)  # fmt: skip
_PAIRS_STRIPPED = frozenset(pair.strip() for pair in _PAIRS)
_TAKES_VALUE = frozenset(
    "-u --user --with --group --extra --python -p --package --project --directory -e --env -v --volume -w --workdir --name --network "
    "--entrypoint --platform --env-file -n --mount --label --add-host --cpus --memory -m -f --file --profile --config-file --only --with-requirements".split()
)
DRY = frozenset(
    "--dry-run --dry-run=client --dry-run=server --dry-run=true --check --syntax-check --noop --no-execute --no-execute-changeset --dryrun".split()
)
_STOP = frozenset(
    "key keys status marker notify notification notifications record audited preview cleanup clean teardown destroy remove delete undeploy url comment info log logs".split()
)


class Hit(NamedTuple):
    """One thing a command or action does; `target` is what it does it to, where the tables can tell."""

    kind: str
    tool: str


@lru_cache(maxsize=1)
def _command_rows() -> dict[str, list[tuple[tuple[str, ...], str]]]:
    rows: dict[str, list[tuple[tuple[str, ...], str]]] = {}
    for kind, text in _COMMANDS.items():
        for row in text.split(";"):
            words = tuple(row.split())
            rows.setdefault(words[0], []).append((words[1:], kind))
    for known in rows.values():
        known.sort(key=lambda row: -len(row[0]))
    return rows


@lru_cache(maxsize=1)
def _action_rows() -> dict[str, list[tuple[str, str]]]:
    rows: dict[str, list[tuple[str, str]]] = {}
    for kind, text in _ACTIONS.items():
        for row in text.split(";"):
            prefix = row.strip().lower()
            rows.setdefault(prefix.partition("/")[0], []).append((prefix, kind))
    for known in rows.values():
        known.sort(key=lambda row: -len(row[0]))
    return rows


def action_kind(slug: str) -> str | None:
    """The kind of an action (`owner/repo/path`, without its ref); '' for one that judges and changes nothing here."""
    lower = slug.lower()
    for prefix, kind in _action_rows().get(lower.partition("/")[0], ()):
        if lower == prefix or (lower.startswith(prefix) and (prefix[-1] in "/-" or lower[len(prefix)] == "/")):
            return kind
    return None


def unwrap(words: Sequence[str]) -> tuple[str, ...]:
    """The command behind `sudo`, `npx`, `uv run`, `python -m`, `docker run image` and their like."""
    left = list(words)
    for _ in range(8):
        while left and re.match(r"[A-Za-z_][A-Za-z0-9_]{0,80}=", left[0]):
            left.pop(0)
        if not left:
            return ()
        program = _program(left[0])
        pair = f"{program} {left[1]}" if len(left) > 1 else ""
        if program in _WRAPPERS:
            left = _past_flags(left[1:])
        elif program == "timeout":
            left = _past_flags(left[1:])[1:]
        elif pair in _PAIRS_STRIPPED:
            left = _past_flags(left[2:])
        elif program.startswith("python") and len(left) > 2 and left[1] == "-m":
            left = left[2:]
        elif program.startswith("python") and len(left) > 1 and left[1].endswith("manage.py"):
            left = left[1:]
        elif program in ("php", "ruby", "node") and len(left) > 1 and _program(left[1]) in ("artisan", "rails", "rake"):
            left = left[1:]
        else:
            inner = _in_container(program, left)
            if inner is None:
                break
            left = inner
    return (_program(left[0]), *left[1:]) if left else ()


def _in_container(program: str, words: list[str]) -> list[str] | None:
    """What `docker run image …` or `docker compose exec service …` runs; the image's name stands for the program."""
    rest = words[1:]
    if program == "docker" and rest[:1] == ["compose"]:
        program, rest = "docker-compose", rest[1:]
    if program == "docker-compose":
        rest = _past_flags(rest)
        if rest[:1] in (["run"], ["exec"]):
            return _past_flags(rest[1:])[1:] or None
        return None
    if program in ("docker", "podman", "nerdctl") and rest[:1] == ["run"]:
        rest = _past_flags(rest[1:])
        if not rest:
            return None
        image = rest[0].rpartition("/")[2].partition("@")[0].partition(":")[0]
        inside = rest[1:]
        if inside and (image in ("trivy", "grype", "gitleaks", "checkov", "semgrep", "hadolint", "snyk", "kics")):
            return [image, *inside]
        return inside if inside and not inside[0].startswith("-") else [image, *inside]
    return None


def _past_flags(words: list[str]) -> list[str]:
    at = 0
    while at < len(words) and (words[at].startswith("-") or re.match(r"[A-Za-z_][A-Za-z0-9_]{0,80}=", words[at])):
        if words[at] == "--":
            return words[at + 1 :]
        at += 2 if words[at] in _TAKES_VALUE and at + 1 < len(words) else 1
    return words[at:]


def _program(word: str) -> str:
    name = word.rpartition("/")[2].partition("@")[0] or word
    if name in ("gradlew", "gradlew.bat"):
        return "gradle"
    return "mvn" if name in ("mvnw", "mvnw.cmd") else name.removesuffix(".exe").removesuffix(".cmd")


def command_kinds(words: Sequence[str]) -> list[Hit] | None:
    """What an unwrapped command does; [] for one that is known to do nothing of a kind, None for one not known."""
    if not words:
        return []
    program = words[0]
    if program in ("gradle", "mvn"):
        return _java(program, words)
    if program in (
        "turbo",
        "nx",
        "lerna",
        "task",
        "just",
        "rake",
        "invoke",
        "inv",
        "mage",
        "earthly",
        "grunt",
        "gulp",
        "moon",
    ):
        return [hit for word in words[1:] if not word.startswith("-") for hit in _task(program, word)] or None
    special = _special(program, words)
    if special is not None:
        return special
    for wanted, kind in _command_rows().get(program, ()):
        if _follows(wanted, words):
            return [Hit(_tempered(kind, words), program)]
    if program.startswith("#") or not program or EXPRESSION in program or "$" in program:
        return None
    return [] if program.lower() in _NEUTRAL else None


def _tempered(kind: str, words: Sequence[str]) -> str:
    """A dry run deploys and publishes nothing."""
    if kind in ("deploy", "publish", "migrate", "rollback") and not DRY.isdisjoint(words):
        return "plan"
    return kind


def _follows(wanted: tuple[str, ...], words: Sequence[str]) -> bool:
    """Whether the wanted words are the first arguments, flags and what may be a flag's value aside."""
    at = 0
    for index, word in enumerate(words[1:], 1):
        if at == len(wanted):
            break
        if word == wanted[at]:
            at += 1
        elif not word.startswith("-") and not (words[index - 1].startswith("-") and "=" not in words[index - 1]):
            return False
    return at == len(wanted)


def _special(program: str, words: Sequence[str]) -> list[Hit] | None:
    """Commands whose arguments decide more than the tables can say."""
    if program == "aws" and words[1:2] == ("s3",) and words[2:3] in (("cp",), ("sync",), ("mv",)):
        ends = [
            word
            for word in words[3:]
            if word.startswith(("s3://", "./", "/")) or "." in word or EXPRESSION in word or "$" in word
        ]
        remote = (
            bool(ends)
            and [w for w in words[3:] if not w.startswith("-")][1:2] != []
            and _second(words).startswith("s3://")
        )
        bulk = words[2] == "sync" or "--recursive" in words
        return [Hit("plan" if "--dryrun" in words else "deploy", "aws s3")] if remote and bulk else []
    if program == "npm" and words[1:2] == ("audit",) and words[2:3] in (("fix",), ("signatures",)):
        return []
    if program == "trivy" and ({"--download-db-only", "--version", "plugin", "version", "clean"} & set(words)):
        return []
    if program == "ruff" and words[1:2] not in (("check",), ("format",), (".",)) and len(words) > 1:
        return []
    if program == "hugo" and words[1:2] == ("deploy",):
        return [Hit("deploy", "hugo")]
    if program == "curl":
        return [Hit("smoke", "curl")] if _is_probe(words) else []
    if program in ("snyk", "gitleaks", "semgrep", "checkov", "grype", "trufflehog", "tfsec") and words[1:2] in (
        ("auth",),
        ("--version",),
        ("version",),
        ("login",),
        ("config",),
    ):
        return []
    return None


def _second(words: Sequence[str]) -> str:
    plain = [word for word in words[3:] if not word.startswith("-")]
    return plain[1] if len(plain) > 1 else ""


def _is_probe(words: Sequence[str]) -> bool:
    """A request whose failure fails the step, or whose status is looked at; not a download and not an upload."""
    flags = [word for word in words[1:] if word.startswith("-")]
    short = "".join(flag[1:] for flag in flags if not flag.startswith("--"))
    fails = (
        "f" in short or any(flag.startswith("--fail") for flag in flags) or any("http_code" in word for word in words)
    )
    if not fails:
        return False
    kept = [
        words[i + 1]
        for i, w in enumerate(words[:-1])
        if w in ("-o", "--output") or (w[:1] == "-" and w[:2] != "--" and w[-1:] == "o")
    ]
    if any(name != "/dev/null" for name in kept) or "O" in short or "--remote-name" in flags:
        return False
    if any(flag in ("-T", "--upload-file", "-F", "--form") for flag in flags):
        return False
    return not any(
        re.search(
            r"github\.com/|githubusercontent|/install|\.sh\b|\.tgz|\.tar|\.zip|\.gpg|\.asc\b|get\.|api\.github|hooks\.slack|webhook",
            w,
        )
        for w in words
    )


_SKIP_TESTS = re.compile(r"-D(skipTests|maven\.test\.skip)(=true)?\Z")


def _java(program: str, words: Sequence[str]) -> list[Hit]:
    """Maven's and Gradle's lifecycles: later phases run the tests too, unless told not to."""
    arguments = [word.rpartition(":")[2] if program == "gradle" else word for word in words[1:]]
    named = [word for word in arguments if not word.startswith("-")]
    skipped = any(_SKIP_TESTS.match(word) for word in words) or ("-x" in words and "test" in words)
    hits: list[Hit] = []
    for word in named:
        found = next((kind for wanted, kind in _command_rows().get(program, ()) if wanted == (word,)), "")
        if found:
            hits.append(Hit(found, program))
        if (
            word
            in (
                "test",
                "verify",
                "install",
                "package",
                "deploy",
                "check",
                "build",
                "integrationTest",
                "jacocoTestReport",
            )
            and not skipped
        ):
            hits.append(Hit("test", program))
        if word in ("verify", "install", "package", "build") and not found:
            hits.append(Hit("build", program))
        if not found and word not in ("test", "verify", "install", "package", "build", "check", "clean"):
            hits += by_name(word, program)
    return hits


def _task(program: str, word: str) -> list[Hit]:
    return by_name(word.rpartition(":")[2] or word, program)


_NAMES: tuple[tuple[str, frozenset[str]], ...] = tuple(
    (kind, frozenset(words.split()))
    for kind, words in (
        ("rollback", "rollback revert"),
        ("smoke", "smoke healthcheck"),
        ("e2e", "e2e integration acceptance cypress playwright functional"),
        ("perf", "perf performance benchmark benchmarks load lighthouse"),
        ("coverage", "coverage"),
        ("typecheck", "typecheck typing types mypy tsc"),
        ("lint", "lint linting linter format fmt prettier eslint style checkstyle vet"),
        ("migrate", "migrate migration migrations"),
        ("deploy", "deploy promote rollout"),
        ("scan", "scan sast dast snyk trivy semgrep sonar codeql vulnerability vulnerabilities audit"),
        ("test", "test tests unit spec specs pytest jest"),
        ("build", "build compile bundle"),
    )
)


def by_name(name: str, tool: str = "") -> list[Hit]:
    """What a target's, script's or step's name says. Words inside variables and stop-words say nothing."""
    plain = re.sub(r"\$\{\{.{0,200}?\}\}|\$\{[^}]{0,100}\}|\$[A-Za-z_]+", " ", name[:200])
    words = tokens(plain)
    held = set(words)
    joined = "-".join(words)
    if "type-check" in joined or "check-types" in joined:
        return [Hit("typecheck", tool)]
    if "health-check" in joined:
        return [Hit("smoke", tool)]
    if re.search(r"(?:terraform|tf|app|infra|tofu)-apply", joined) and not held & _STOP:
        return [Hit("deploy", tool)]
    for kind, known in _NAMES:
        if not held & known:
            continue
        if kind == "deploy" and held & (_STOP | {"docs", "pages", "storybook", "chromatic", "documentation"}):
            return []
        if (
            kind in ("test", "scan", "e2e")
            and held
            & {
                "setup",
                "install",
                "upload",
                "download",
                "results",
                "result",
                "report",
                "reports",
                "notify",
                "login",
                "wait",
                "image",
                "images",
                "log",
                "logs",
            }
            and kind != "scan"
        ):
            return []
        if kind == "scan" and held & {"setup", "install", "upload", "download", "login", "notify", "log", "logs"}:
            return []
        return [Hit(kind, tool)]
    return []
