"""Which action and which command does what: the tables, as data.

Each kind has a list of rows, parted by `;`. A row of `COMMANDS` is a program and the words that must follow it, flags
aside; of `ACTIONS` the beginning of an action's `owner/repository/path`. The kind "" is for actions that neither judge
nor change anything here (setups, logins, caches).
"""

from __future__ import annotations

COMMANDS: dict[str, str] = {
    "test": """
        ava; bats; bazel test; behave; bun test; c8; cabal test; cargo nextest; cargo test; chainsaw test; conftest
        verify; ct install; ctest; dart test; deno test; dotnet test; flutter test; ginkgo; go test; gotestsum; helm
        unittest; jest; karma start; kuttl test; lein test; manage.py test; minitest; mix test; mocha; molecule
        test; ng test; node --test; nose2; nox; nyc; opa test; pest; phpunit; promtool test; prove; py.test; pytest;
        rails test; rake spec; rake test; react-scripts test; rspec; sbt test; stack test; swift test; terraform
        test; tofu test; tox; unittest; vitest; vstest; xcodebuild test; zig test""",
    "e2e": """
        codecept run; cucumber; cucumber-js; cypress run; detox test; maestro test; newman run; ng e2e; nightwatch;
        playwright test; postman collection run; testcafe; wdio""",
    "coverage": """
        codecov; coverage report; coverage run; coveralls; diff-cover; go-test-coverage""",
    "lint": """
        actionlint; addlicense; amtool check-config; ansible-lint; autopep8; biome; black; buf lint; cargo clippy;
        cargo fmt; cfn-lint; chart-testing lint; checkstyle; clang-format; clang-tidy; codespell; commitlint;
        cspell; ct lint; detekt; djlint; dotnet format; editorconfig-checker; erb_lint; eslint; flake8; go vet;
        gofmt; gofumpt; goimports; golangci-lint; hadolint; helm lint; isort; knip; ktlint; kube-linter; kube-score;
        kubeconform; kubeval; kubevious; license-checker; markdownlint; markdownlint-cli2; mix credo; mix format;
        next lint; ng lint; oxlint; php-cs-fixer; phpcs; pint; pre-commit run; prek; prettier; promtool check;
        pycodestyle; pydocstyle; pylint; reuse lint; revive; rubocop; ruff; rustfmt; scalafmt; shellcheck; shfmt;
        spectral; spotless; sqlfluff; standardrb; staticcheck; stylelint; swiftformat; swiftlint; terraform fmt;
        tflint; tofu fmt; tslint; typos; vale; xo; yamllint; zizmor""",
    "validate": """
        aws cloudformation validate-template; docker compose config; docker-compose config; helm template; kubectl
        kustomize; kustomize build; packer validate; sam validate; terraform validate; terragrunt validate; tofu
        validate""",
    "typecheck": """
        basedpyright; dialyzer; flow check; mix dialyzer; mypy; phpstan; psalm; pyre; pyright; pytype; sorbet; srb
        tc; svelte-check; tsc; tsc-files; ty check; vue-tsc""",
    "build": """
        astro build; bazel build; bundle exec jekyll build; cargo build; cdk synth; cmake; composer install; deno
        compile; dotnet build; dotnet pack; dotnet publish; esbuild; flit build; flutter build; gatsby build; go
        build; go install; gradle assemble; gradle bootJar; hatch build; helm package; hugo; jekyll build; mix
        compile; mix release; mkdocs build; msbuild; mvn compile; mvn package; next build; ng build; ninja; nuxt
        build; packer build; parcel build; poetry build; python -m build; python build; rails assets:precompile;
        rake assets:precompile; react-scripts build; rollup; sam build; sbt assembly; sbt compile; serverless
        package; setup.py bdist_wheel; setup.py sdist; stack build; swift build; tsc --build; tsup; uv build; vite
        build; webpack; xcodebuild build""",
    "image": """
        az acr build; buildah bud; buildah build; depot build; docker build; docker buildx bake; docker buildx
        build; docker compose build; docker-compose build; earthly; gcloud builds submit; img build; kaniko; ko
        build; ko publish; nerdctl build; pack build; podman build; skaffold build; werf build""",
    "imagepush": """
        buildah push; crane copy; crane push; crane tag; docker buildx imagetools create; docker compose push;
        docker push; docker-compose push; helm push; oras push; podman push; regctl image copy; skopeo copy""",
    "imagescan": """
        anchore-cli; clair-scanner; docker scan; docker scout cves; docker scout quickview; dockle; grype; snyk
        container monitor; snyk container test; trivy i; trivy image; twistcli images scan""",
    "sca": """
        audit-ci; auditjs; better-npm-audit; bun audit; bundle audit; bundle-audit; bundler-audit; cargo audit;
        cargo deny; composer audit; dependency-check; dependency-check.sh; dotnet list --vulnerable; govulncheck;
        gradle dependencyCheckAnalyze; mix deps.audit; mix hex.audit; mvn dependency-check:check; mvn
        org.owasp:dependency-check-maven:check; nancy; npm audit; osv-scanner; pip-audit; pnpm audit; retire; safety
        check; safety scan; snyk monitor; snyk test; trivy filesystem; trivy fs; trivy k8s; trivy kubernetes; trivy
        repo; trivy repository; trivy rootfs; trivy sbom; yarn audit; yarn npm audit""",
    "sast": """
        bandit; bearer scan; brakeman; codeql database analyze; dotnet sonarscanner end; findsecbugs; flawfinder;
        gosec; gradle sonar; gradle sonarqube; horusec; mix sobelow; mvn sonar:sonar; njsscan; opengrep; psalm
        --taint-analysis; semgrep; snyk code test; sonar-scanner; spotbugs""",
    "secretscan": """
        detect-secrets; detect-secrets-hook; ggshield; git-secrets; gitleaks; kingfisher; noseyparker; talisman;
        trufflehog""",
    "iacscan": """
        cfn_nag; cfn_nag_scan; checkov; conftest test; datree test; gator test; kics scan; kubescape scan; kubesec
        scan; kyverno apply; kyverno test; polaris audit; prowler; regula; snyk iac test; terrascan scan; tfsec;
        trivy conf; trivy config""",
    "dast": """
        dastardly; hawk scan; nikto; nuclei; schemathesis; stackhawk; wapiti; zap-api-scan.py; zap-baseline.py;
        zap-full-scan.py; zap.sh""",
    "scan": """
        trivy""",
    "sbom": """
        bom generate; cdxgen; cyclonedx; cyclonedx-gomod; cyclonedx-npm; cyclonedx-py; docker sbom;
        spdx-sbom-generator; syft""",
    "sign": """
        cosign attest; cosign sign; cosign sign-blob; cosign verify; gh attestation verify; gpg --detach-sign;
        notation sign; slsa-verifier verify-artifact""",
    "publish": """
        cargo publish; changeset publish; chromatic; cr index; cr upload; dotnet nuget push; firebase
        appdistribution:distribute; flit publish; gem push; gh release create; gh release upload; gh-pages;
        goreleaser; goreleaser release; gradle publish; gradle publishToSonatype; hatch publish; helm cm-push; hex
        publish; jf rt upload; jfrog rt upload; lerna publish; maturin publish; mike deploy; mix hex.publish; mkdocs
        gh-deploy; mvn deploy; mvn release:perform; npm publish; nuget push; ovsx publish; pnpm publish; pod trunk
        push; poetry publish; release-it; sbt publish; semantic-release; twine upload; uv publish; vsce publish;
        yarn npm publish; yarn publish""",
    "plan": """
        argocd app diff; atlantis plan; aws cloudformation create-change-set; az deployment group what-if; cdk diff;
        driftctl; flyway info; flyway validate; helm diff; helmfile diff; infracost; kubectl diff; prisma migrate
        diff; prisma migrate status; pulumi preview; serverless print; terraform plan; terragrunt plan; terragrunt
        run-all plan; tofu plan""",
    "deploy": """
        ansible-playbook; argo rollouts set; argocd app set; argocd app sync; aws amplify start-deployment; aws
        apprunner start-deployment; aws cloudformation create-stack; aws cloudformation deploy; aws cloudformation
        execute-change-set; aws cloudformation update-stack; aws deploy create-deployment; aws deploy
        push-and-create; aws ecs update-service; aws elasticbeanstalk update-environment; aws lambda update-alias;
        aws lambda update-function-code; aws s3 sync; az containerapp up; az containerapp update; az deployment
        group create; az deployment sub create; az functionapp deploy; az functionapp deployment; az staticwebapp
        deploy; az storage blob upload-batch; az webapp config container set; az webapp deploy; az webapp
        deployment; az webapp deployment slot swap; az webapp up; capistrano; cdk deploy; cdktf deploy; cf push;
        chalice deploy; colmena apply; copilot app deploy; copilot deploy; copilot svc deploy; databricks bundle
        deploy; deploy-rs; docker service update; docker stack deploy; doctl apps create-deployment; doctl apps
        update; dokku deploy; eb deploy; ecs deploy; ecs-cli compose up; ecs-deploy; ecspresso deploy; firebase
        deploy; flux reconcile; fly deploy; flyctl deploy; func azure functionapp publish; garden deploy; gcloud app
        deploy; gcloud compute instance-groups managed rolling-action; gcloud deploy releases create; gcloud deploy
        releases promote; gcloud deployment-manager deployments update; gcloud functions deploy; gcloud run deploy;
        gcloud run services replace; gcloud run services update; gcloud run services update-traffic; gcloud storage
        rsync; gsutil rsync; helm install; helm upgrade; helmfile apply; helmfile sync; heroku container:release;
        heroku pipelines:promote; heroku releases:promote; humctl deploy; kamal deploy; kapp deploy; kubectl apply;
        kubectl argo rollouts promote; kubectl argo rollouts set image; kubectl create -f; kubectl patch; kubectl
        replace; kubectl rollout restart; kubectl set image; netlify deploy; nixos-rebuild switch; nomad job run;
        nomad run; oc apply; oc new-app; oc rollout latest; oc set image; octo deploy-release; okteto deploy; pulumi
        up; pulumi update; railway up; sam deploy; serverless deploy; skaffold deploy; skaffold run; sls deploy;
        supabase functions deploy; surge; swa deploy; tanka apply; terraform apply; terragrunt apply; terragrunt run
        apply; terragrunt run-all apply; tk apply; tkn pipeline start; tofu apply; vercel --prod; vercel deploy;
        vercel promote; werf converge; wrangler deploy; wrangler pages deploy; wrangler publish; zappa deploy; zappa
        update""",
    "rollback": """
        argocd app rollback; aws deploy stop-deployment; cf rollback; docker service rollback; eb restore; fly
        releases rollback; flyctl releases rollback; gcloud app versions migrate; helm rollback; heroku
        releases:rollback; heroku rollback; kamal rollback; kubectl argo rollouts abort; kubectl argo rollouts undo;
        kubectl rollout undo; netlify rollback; nomad job revert; oc rollout undo; vercel rollback; wrangler
        rollback""",
    "migrate": """
        alembic upgrade; artisan migrate; atlas migrate apply; atlas schema apply; dbmate migrate; dbmate up; diesel
        migration run; dotnet ef database update; drizzle-kit migrate; drizzle-kit push; flask db upgrade; flyway;
        flyway migrate; goose up; gradle flywayMigrate; knex migrate:latest; liquibase; liquibase update; manage.py
        migrate; migrate up; mix ecto.migrate; mvn flyway:migrate; mvn liquibase:update; prisma db push; prisma
        migrate deploy; rails db:migrate; rake db:migrate; refinery migrate; sequelize db:migrate; sequelize-cli
        db:migrate; sqitch deploy; sqlx migrate run; supabase db push; typeorm migration:run; yoyo apply""",
    "verify": """
        argocd app wait; aws cloudformation wait; aws deploy wait; aws ecs describe-services; aws ecs wait; aws
        lambda wait; flux wait; gcloud run services describe; helm status; helm test; kubectl argo rollouts get;
        kubectl argo rollouts status; kubectl rollout status; kubectl wait; oc rollout status""",
    "smoke": """
        checkly test; datadog-ci synthetics; dgoss; goss; goss validate; grpcurl; httpstat; hurl; inspec exec; venom
        run; wait-for-it; wait-for-it.sh; wait-on""",
    "perf": """
        artillery; artillery run; asv; autocannon; bombardier; cargo bench; gatling; hey; hyperfine; jmeter; k6
        cloud; k6 run; lhci; lhci autorun; lighthouse; lighthouse-ci; locust; sitespeed.io; vegeta attack; wrk""",
    "ephemeral": """
        ctlptl create; k3d cluster create; kind create cluster; kwokctl create; localstack start; microk8s; minikube
        start; talosctl cluster create; vcluster create""",
    "trigger": """
        aws codebuild start-build; aws codepipeline start-pipeline-execution; az pipelines run; buildkite-agent
        pipeline upload; codefresh run; gcloud builds triggers run; gh workflow run""",
    "gitpush": """
        git push""",
    "notify": """
        datadog-ci deployment; datadog-ci dora; datadog-ci junit; datadog-ci tag; newrelic apm deployment;
        sentry-cli deploys; sentry-cli releases; slackcli""",
}

ACTIONS: dict[str, str] = {
    "build": """
        actions/jekyll-build-pages; goreleaser/goreleaser-action; pyo3/maturin-action; pypa/cibuildwheel""",
    "test": """
        codecov/test-results-action; cypress-io/github-action; dorny/test-reporter;
        enricomi/publish-unit-test-result-action; mikepenz/action-junit-report; phoenix-actions/test-reporting;
        test-summary/action""",
    "coverage": """
        5monkeys/cobertura-action; artiomtr/jest-coverage-report-action; codacy/codacy-coverage-reporter-action;
        codecov/codecov-action; coverallsapp/github-action; davelosert/vitest-coverage-report-action;
        irongut/codecoveragesummary; madrapps/jacoco-report; paambaati/codeclimate-action;
        py-cov-action/python-coverage-comment-action; vladopajic/go-test-coverage""",
    "lint": """
        actions-rs/clippy-check; amannn/action-semantic-pull-request; ansible/ansible-lint; astral-sh/ruff-action;
        azure/k8s-lint; bufbuild/buf-action; bufbuild/buf-lint-action; chartboost/ruff-action;
        codespell-project/actions-codespell; crate-ci/typos; davidanson/markdownlint-cli2-action; dprint/check;
        erlef/format; github/super-linter; golangci/golangci-lint-action; hadolint/hadolint-action;
        ibiqlik/action-yamllint; instrumenta/kubeval-action; kubevious/cli; ludeeus/action-shellcheck;
        oxsecurity/megalinter; pre-commit/action; psf/black; raven-actions/actionlint; reviewdog/; rhysd/actionlint;
        stackrox/kube-linter-action; super-linter/super-linter; terraform-linters/tflint-action;
        wagoid/commitlint-github-action; zizmorcore/zizmor-action""",
    "typecheck": """
        jakebailey/pyright-action; tsuyoshicho/action-mypy""",
    "image": """
        aevea/action-kaniko; depot/bake-action; depot/build-push-action; docker/bake-action;
        docker/build-push-action; elgohr/publish-docker-github-action; int128/kaniko-action; ko-build/publish;
        mr-smithers-excellent/docker-build-push; redhat-actions/buildah-build; whoan/docker-build-with-cache-action""",
    "imagepush": """
        akhilerm/tag-push-action; int128/docker-manifest-create-action; noelware/docker-manifest-action;
        redhat-actions/push-to-registry""",
    "imagescan": """
        anchore/scan-action; aquasecurity/trivy-action;
        aws-actions/vulnerability-scan-github-action-for-amazon-inspector; azure/container-scan;
        crazy-max/ghaction-container-scan; docker/scout-action; erzz/dockle-action; goodwithtech/dockle-action;
        lacework/lw-scanner-action; prismacloud/scan-action; snyk/actions/docker; sysdiglabs/scan-action""",
    "sca": """
        actions-rs/audit-check; actions-rust-lang/audit; actions/dependency-review-action; debricked/actions;
        dependency-check/dependency-check_action; embarkstudios/cargo-deny-action; fossas/fossa-action;
        golang/govulncheck-action; google/osv-scanner-action; jfrog/frogbot; oke-py/npm-audit-action;
        pypa/gh-action-pip-audit; rustsec/audit-check; snyk/actions/; socketdev/action; sonatype-nexus-community/""",
    "sast": """
        ajinabraham/njsscan-action; bearer/bearer-action; blackduck-inc/; checkmarx/;
        codacy/codacy-analysis-cli-action; datadog/datadog-static-analyzer-github-action; fortify/;
        github/codeql-action/analyze; google/clusterfuzzlite; google/oss-fuzz; jpetrucciani/bandit-check;
        kitabisa/sonarqube-action; mdegis/bandit-action; microsoft/security-devops-action; pmd/pmd-github-action;
        pycqa/bandit-action; returntocorp/semgrep-action; securego/gosec; semgrep/semgrep-action;
        sonarsource/sonarcloud-github-action; sonarsource/sonarqube-quality-gate-action;
        sonarsource/sonarqube-scan-action; synopsys-sig/; veracode/""",
    "secretscan": """
        gitguardian/ggshield; gitguardian/ggshield-action; gitleaks/gitleaks-action; trufflesecurity/trufflehog;
        zricethezav/gitleaks-action""",
    "iacscan": """
        accurics/terrascan-action; aquasecurity/tfsec-action; aquasecurity/tfsec-pr-commenter-action;
        aquasecurity/tfsec-sarif-action; azure/manifest-scan; bridgecrewio/checkov-action; checkmarx/kics-action;
        checkmarx/kics-github-action; controlplaneio/kubesec-action; instrumenta/conftest-action;
        kubescape/github-action; snyk/actions/iac; tenable/terrascan-action; triat/terraform-security-scan""",
    "dast": """
        portswigger/dastardly-action; projectdiscovery/nuclei-action; schemathesis/action;
        stackhawk/hawkscan-action; zaproxy/action-api-scan; zaproxy/action-baseline; zaproxy/action-full-scan""",
    "analysis": """
        advanced-security/filter-sarif; github/codeql-action/upload-sarif; ossf/scorecard-action""",
    "sbom": """
        advanced-security/component-detection-dependency-submission-action; advanced-security/sbom-generator-action;
        anchore/sbom-action; cyclonedx/; microsoft/sbom-action; philips-labs/spdx-action""",
    "sign": """
        actions/attest; actions/attest-build-provenance; actions/attest-sbom; sigstore/gh-action-sigstore-python;
        slsa-framework/slsa-github-generator""",
    "publish": """
        actions/create-release; actions/deploy-pages; actions/upload-release-asset; changesets/action;
        chromaui/action; crazy-max/ghaction-github-pages; cycjimmy/semantic-release-action;
        google-github-actions/release-please-action; googleapis/release-please-action;
        haaleo/publish-vscode-extension; hashicorp/ghaction-terraform-provider-release; helm/chart-releaser-action;
        jamesives/github-pages-deploy-action; js-devtools/npm-publish; katyo/publish-crates;
        marvinpinto/action-automatic-releases; ncipollo/release-action; peaceiris/actions-gh-pages;
        pypa/gh-action-pypi-publish; python-semantic-release/; release-drafter/release-drafter;
        rubygems/release-gem; softprops/action-gh-release; stefanzweifel/changelog-updater-action;
        svenstaro/upload-release-action""",
    "plan": """
        borchero/terraform-plan-comment; dflook/terraform-plan; dflook/tofu-plan; infracost/actions;
        op5dev/tf-via-pr-plan""",
    "deploy": """
        akhileshns/heroku-deploy; amondnet/vercel-action; appleboy/k8s-action; appleboy/lambda-action;
        aws-actions/amazon-ecs-deploy-task-definition; aws-actions/aws-cloudformation-github-deploy;
        aws-actions/aws-lambda-deploy; azure/aci-deploy; azure/arm-deploy; azure/container-apps-deploy-action;
        azure/functions-action; azure/k8s-deploy; azure/static-web-apps-deploy; azure/webapps-deploy;
        burnett01/rsync-deployments; cloudflare/pages-action; cloudflare/wrangler-action; deliverybot/helm;
        dflook/terraform-apply; dflook/tofu-apply; digitalocean/app-action; digitalocean/app_action;
        easingthemes/ssh-deploy; einaregilsson/beanstalk-deploy; firebaseextended/action-hosting-deploy;
        google-github-actions/create-cloud-deploy-release; google-github-actions/deploy-appengine;
        google-github-actions/deploy-cloud-functions; google-github-actions/deploy-cloudrun;
        jakejarvis/s3-sync-action; johnbeynon/render-deploy-action; koslib/helm-eks-action-upgrade;
        koyeb/action-git-deploy; netlify/actions; nwtgck/actions-netlify; octopusdeploy/deploy-release-action;
        reggionick/s3-deploy; samkirkland/ftp-deploy-action; w9jds/firebase-action; wlixcc/sftp-deploy-action;
        wyrihaximus/github-action-helm; youyo/aws-cdk-github-actions-deploy""",
    "ephemeral": """
        absaoss/k3d-action; balchua/microk8s-actions; container-tools/kind-action; engineerd/setup-kind;
        helm/kind-action; jupyterhub/action-k3s-helm; localstack/setup-localstack; loft-sh/setup-vcluster;
        manusa/actions-setup-minikube; medyagh/setup-minikube; nolar/setup-k3d-k3s; rinx/setup-k3d""",
    "approval": """
        atlassian/gajira-transition-approval; cloudposse/github-action-manual-approval;
        kharkevich/issue-ops-approval; servicenow/servicenow-devops-change; snapp-incubator/manual-approval;
        trstringer/manual-approval""",
    "wait": """
        ahmadnassri/action-workflow-run-wait; fountainhead/action-wait-for-check; lewagon/wait-on-check-action;
        poseidon/wait-for-status-checks""",
    "trigger": """
        actions-cool/workflow-trigger; aurelien-baudet/workflow-dispatch; benc-uk/workflow-dispatch;
        codex-/return-dispatch; convictional/trigger-workflow-and-wait; peter-evans/repository-dispatch;
        the-actions-org/workflow-dispatch""",
    "perf": """
        artilleryio/action-cli; benchmark-action/github-action-benchmark; codspeedhq/action;
        foo-software/lighthouse-check-action; grafana/k6-action; grafana/run-k6-action;
        rbhadti94/apache-jmeter-action; treosh/lighthouse-ci-action""",
    "smoke": """
        checkly/; cygnetdigital/wait_for_response; datadog/synthetics-ci-github-action;
        emilioschepis/wait-for-endpoint; ifaxity/wait-on-action; jtalk/url-health-check-action;
        lakuapik/gh-actions-http-status; matt-ball/newman-action; nev7n/wait_for_response""",
    "e2e": """
        mobile-dev-inc/action-maestro-cloud; saucelabs/saucectl-run-action""",
    "notify": """
        8398a7/action-slack; act10ns/slack; appleboy/telegram-action; bobheadxi/deployments;
        chrnorm/deployment-action; chrnorm/deployment-status; dawidd6/action-send-mail; getsentry/action-release;
        ilshidur/action-discord; jdcargile/ms-teams-notification; newrelic/deployment-marker-action;
        pagerduty/pagerduty-change-events-action; ravsamhq/notify-slack-action; rtcamp/action-slack-notify;
        sarisia/actions-status-discord; skitionek/notify-microsoft-teams; slackapi/slack-github-action;
        tokorom/action-slack-incoming-webhook; voxmedia/github-action-slack-notify-build""",
    "gitpush": """
        ad-m/github-push-action; cpina/github-action-push-to-another-repository; endbug/add-and-commit;
        mikeal/merge; peter-evans/create-pull-request; stefanzweifel/git-auto-commit-action""",
    "rollback": """""",
    "": """
        1password/load-secrets-action; actions-rs/toolchain; actions-rust-lang/setup-rust-toolchain; actions/;
        alexellis/arkade-get; andresz1/size-limit-action; anothrnick/github-tag-action; aquasecurity/setup-trivy;
        arduino/setup-protoc; arduino/setup-task; asdf-vm/actions; astral-sh/setup-uv; aws-actions/amazon-ecr-login;
        aws-actions/amazon-ecs-render-task-definition; aws-actions/aws-secretsmanager-get-secrets;
        aws-actions/configure-aws-credentials; azure/aks-set-context; azure/appservice-settings; azure/docker-login;
        azure/get-keyvault-secrets; azure/k8s-create-secret; azure/k8s-set-context; azure/login; azure/setup-;
        azure/use-kubelogin; battila7/get-version-action; bitwarden/sm-action; browser-actions/setup-;
        bufbuild/buf-setup-action; cachix/; clowdhaus/argo-cd-action-setup; conda-incubator/setup-miniconda;
        coursier/setup-action; crazy-max/ghaction-dump-context; crazy-max/ghaction-setup-docker;
        cschleiden/replace-tokens; dawidd6/action-download-artifact; dcarbone/install-jq-action;
        denoland/setup-deno; determinatesystems/; docker/login-action; docker/metadata-action; docker/setup-;
        dopplerhq/; dorny/paths-filter; dtolnay/rust-toolchain; easimon/maximize-build-space; erlef/setup-beam;
        extractions/setup-just; fjogeleit/yaml-update-action; fluxcd/flux2/action; freckle/stack-cache-action;
        github/codeql-action/autobuild; github/codeql-action/init; gittools/; go-task/setup-task;
        google-github-actions/auth; google-github-actions/get-gke-credentials;
        google-github-actions/get-secretmanager-secrets; google-github-actions/setup-gcloud;
        goto-bus-stop/setup-zig; gradle/actions/setup-gradle; gradle/actions/wrapper-validation;
        gradle/gradle-build-action; gradle/wrapper-validation-action; grafana/setup-k6-action; hashicorp/hcp-;
        hashicorp/setup-; hashicorp/vault-action; haskell-actions/setup; helm/chart-testing-action;
        ikalnytskyi/action-setup-postgres; imranismail/setup-kustomize; int128/; jacobtomlinson/gha-find-replace;
        jasonetco/create-an-issue; jdx/mise-action; jlumbroso/free-disk-space; jossef/action-set-json-field;
        julia-actions/setup-julia; kentaro-m/auto-assign-action; mamba-org/setup-micromamba;
        marocchino/sticky-pull-request-comment; mathieudutour/github-tag-action; microsoft/variable-substitution;
        mikefarah/yq; nanasess/setup-chromedriver; nixbuild/; nwtgck/actions-comment-run; opentofu/setup-;
        oven-sh/setup-bun; paulhatch/semantic-version; peter-evans/create-or-update-comment;
        peter-evans/find-comment; pnpm/action-setup; pozil/auto-assign-issue; pulumi/auth-actions;
        pulumi/setup-pulumi; r-lib/actions/setup; redhat-actions/oc-login; redhat-actions/openshift-tools-installer;
        rlespinasse/github-slug-action; ruby/setup-ruby; shivammathur/setup-php; shogo82148/actions-setup-;
        sigstore/cosign-installer; snyk/actions/setup; step-security/harden-runner; styfle/cancel-workflow-action;
        subosito/flutter-action; superfly/flyctl-actions/setup-flyctl; swatinem/rust-cache; taiki-e/install-action;
        tailscale/github-action; terraform-linters/setup-tflint; thollander/actions-comment-pull-request;
        tibdex/github-app-token; tj-actions/; toshimaru/auto-author-assign; unfor19/install-aws-cli-action;
        volta-cli/action; webfactory/ssh-agent; winterjung/split; yokawasa/action-setup-kube-tools""",
}

# Programs that do nothing of a kind by themselves
NEUTRAL = """
    : [ [[ ]] add-apt-repository age alias apk apt apt-get argocd awk aws aws-iam-authenticator az base64 basename
    bc bq break brew buildah bun bundle cargo cat cd cdk chmod choco chown cmp column comm compress-archive conda
    consul continue copy-item corepack cosign cp crane createdb curl cut cygpath date dd declare df diff dig dirname
    disown dnf docker docker-compose done dotnet dpkg dropdb du echo egrep eksctl env envsubst esac exit
    expand-archive export expr fallocate false fi file find firebase flux flyctl fold free gcloud gem get-childitem
    get-content getopts gettext gh git glab go gpasswd gpg grep groupadd gsutil gunzip gzip head helm helm-docs
    heroku host hostname hub iconv id import-module in install install-module invoke-webrequest jar java javac join
    jq k3d keytool kill kind krew kubectl kustomize let ln local locale-gen ls lsof mamba md5sum minikube mkdir
    mkfifo mkswap mktemp modprobe mongosh mount msgfmt mv mysql nc netlify new-item nl node nohup nomad npm nslookup
    nvm oc od open openssl oras out-file paste pdm pg_dump pg_isready php ping pip pip3 pipenv pipx pnpm podman
    poetry popd powershell-yaml printenv printf ps psql pulumi pushd pwd python python3 read readlink realpath
    redis-cli remove-item rename return rev rg rm rmdir ruby rustc rustup sam sdkmanager security sed select seq
    serverless service set set-content set-location setx sha256sum shasum shift shopt skopeo sleep snap sops sort
    sqlite3 ssh-add ssh-agent ssh-keygen ssh-keyscan stat sw_vers swapoff swapon syft sync sysctl systemctl tail tar
    tee terraform terragrunt test test-path timeout tofu touch tput tr trap true type typeset ufw ulimit umask
    umount uname uniq unset unzip update-alternatives usermod uv vault vercel wait wc wget which whoami winget
    wrangler write-host write-output wslpath xargs xcode-select xxd yarn yes yq yum zip
"""

# Programs that run the program after them
WRAPPERS = """
    builtin bunx chronic command doas dotenv eatmydata env exec nice nohup npx pnpx stdbuf sudo time unbuffer uvx
    winpty xvfb-run
"""

# Two words that run the program after them
RUNNERS = """
    asdf exec; bun x; bundle exec; conda run; devbox run; direnv exec; doppler run; hatch run; infisical run; mise
    exec; nix develop; nix shell; npm exec; op run; pdm run; pipenv run; pipx run; pnpm dlx; pnpm exec; poetry run;
    rbenv exec; rye run; uv run; uv tool; xcrun simctl; yarn dlx; yarn exec
"""

# Options of those whose value is a word of its own
TAKES_VALUE = """
    --add-host --config-file --cpus --directory --entrypoint --env --env-file --extra --file --group --label
    --memory --mount --name --network --only --package --platform --profile --project --python --user --volume
    --with --with-requirements --workdir -e -f -m -n -p -u -v -w
"""

# Options with which nothing is changed
DRY = """
    --check --dry-run --dry-run=client --dry-run=server --dry-run=true --dryrun --no-execute --no-execute-changeset
    --noop --syntax-check
"""

# Words beside `deploy` in a name that speaks of something else
NO_DEPLOYMENT = """
    audited chromatic clean cleanup comment delete destroy docs documentation info key keys log logs marker
    notification notifications notify pages preview record remove status storybook teardown undeploy url
"""

# Words beside `test` or `scan` in a name that speaks of something else
NO_CHECK = """
    configure create database db download image images install log login logs notify prepare report reports restore
    result results save seed set setup skip skipped start stop upload wait
"""

# What npm, yarn and pnpm do themselves, without a script of the package
PACKAGE_VERBS = """
    access add audit bin cache ci config corepack create dedupe deprecate dist-tag dlx env exec fetch global help i
    immutable import info init install licenses link list login ls node outdated owner pack patch patch-commit ping
    plugin pm policies prefix prune publish rebuild remove root self-update set setup store token unlink up update
    upgrade version view whoami why workspaces x
"""
